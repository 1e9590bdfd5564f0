/** A fleet file is read whole, or every fault in it is told with its line; nothing that a file contains makes the reader fail. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parseFleet, readFleet } from "../../adapters/fleet-yaml.ts";
import { fleetFaults } from "../../core/kernel/fleet-rules.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");
const VALID = readFileSync(join(EXAMPLES, "rehearsal.fleet.yaml"), "utf8");
const LINES = VALID.split("\n");

const lineOf = (part: string): number => LINES.findIndex((line) => line.includes(part)) + 1;

describe("reading any file", () => {
  const PLACE = /^fleet\.yaml:(\d+):(\d+) .+: found .+; allowed .+/;
  const told = (text: string): boolean => {
    const read = parseFleet(text, "fleet.yaml");
    if (read.kind === "read") return true;
    const last = text.split("\n").length;
    return (
      read.faults.length > 0 &&
      read.faults.every((fault) => Number(PLACE.exec(fault.split("\n")[0] ?? "")?.[1] ?? last + 2) <= last + 1 && !fault.includes("\n"))
    );
  };
  const Scrap = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      "\t",
      ": ",
      "- ",
      "&a",
      "*a",
      "<<: *a",
      "{",
      "}",
      "[",
      "]",
      "---\n",
      "null",
      "!!binary x",
      "? ",
      "|",
      '"',
      "%",
      "__proto__: 1",
      "constructor",
      "\u0000",
      "\uFEFF",
      "2026-01-01",
      ".nan",
      "!!set {a}",
      "0o7",
    ),
  );

  it("never fails, and names a line within the file, whatever is cut out of and put into a valid one", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(VALID.length), fc.nat(30), Scrap), { minLength: 1, maxLength: 5 }), (edits) => {
        let text = VALID;
        for (const [at, cut, scrap] of edits) text = text.slice(0, at) + scrap + text.slice(at + cut);
        return told(text);
      }),
      { numRuns: 400 },
    );
  });

  it("never fails, whatever value stands in place of another", () => {
    fc.assert(
      fc.property(
        fc.nat(LINES.length - 1),
        fc.oneof(
          fc.jsonValue().map((value) => JSON.stringify(value)),
          Scrap,
        ),
        (index, value) => told(LINES.map((line, at) => (at === index ? line.replace(/: .*$/, () => `: ${value}`) : line)).join("\n")),
      ),
      { numRuns: 400 },
    );
  });

  it("never fails on what is not a fleet at all", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map((value) => JSON.stringify(value)),
          fc.array(Scrap).map((parts) => parts.join("\n")),
        ),
        told,
      ),
      { numRuns: 400 },
    );
  });

  it("reads the same fleet from the same content as JSON", () => {
    const read = parseFleet(VALID, "fleet.yaml");
    expect(read.kind === "read" && parseFleet(JSON.stringify(read.fleet), "fleet.json")).toEqual(read);
  });
});

describe("examples", () => {
  it.each(readdirSync(EXAMPLES))("%s has neither a fault nor a warning", (name) => {
    expect(readFleet(join(EXAMPLES, name))).toMatchObject({ kind: "read", warnings: [] });
  });
});

describe("reading from disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-fleet-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  it.each([
    ["a missing file", undefined, "ENOENT"],
    ["bytes that are no UTF-8", Buffer.from([0x66, 0xff, 0xfe]), "UTF-8"],
    ["a file above 1 MiB", Buffer.alloc(1_024 * 1_024 + 1, 0x23), "1048577 bytes"],
  ])("says what is wrong with %s", (title, content, part) => {
    const file = join(folder, title.replaceAll(" ", "-"));
    if (content !== undefined) writeFileSync(file, content);
    const read = readFleet(file);
    expect(read.kind === "invalid" && read.faults.join()).toContain(part);
  });
});

describe("rules between fields", () => {
  const read = parseFleet(VALID, "fleet.yaml");
  if (read.kind !== "read") throw new Error(read.faults.join("\n"));
  const { fleet } = read;

  it("allow a lease exactly from the floor that the cadence sets, for any cadence", () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 10_000 }), fc.integer({ min: 3, max: 300 }), (cadenceMs, leaseSeconds) => {
        const changed = {
          ...fleet,
          roles: fleet.roles.map((role) => ({ ...role, leaseSeconds })),
          policies: { ...fleet.policies, watch: { ...fleet.policies.watch, cadenceMs } },
        };
        return (fleetFaults(changed).length === 0) === leaseSeconds * 1_000 >= 6 * cadenceMs;
      }),
    );
  });

  it("warn of a role whose members share a zone, and of a member whose blocks name nobody", () => {
    const crowded = parseFleet(
      VALID.replace("[n1, n2, n3, n4]", "[n1, n3]")
        .replace("use1-az2", "use1-az1")
        .replace(/ {4}signer.*\n/, ""),
      "fleet.yaml",
    );
    expect(crowded.kind === "read" && crowded.warnings.join("\n")).toMatch(/n1 without a signer[\s\S]*all in zone use1-az1/);
  });
});

describe("files that are no plain fleet", () => {
  it.each([
    ["nothing", ""],
    ["a comment alone", "# nothing\n"],
  ])("says that %s is no fleet", (_, text) => {
    expect(parseFleet(text, "fleet.yaml")).toEqual({
      kind: "invalid",
      faults: ["fleet.yaml:1:1 file: found no content; allowed one YAML document that describes a fleet"],
    });
  });

  it("takes a byte order mark at the beginning for what it is", () => {
    expect(parseFleet(`\uFEFF${VALID}`, "fleet.yaml").kind).toBe("read");
  });

  it("does not expand aliases that multiply", () => {
    const bomb = [
      "a0: &a0 [x, x, x, x, x, x, x, x]",
      ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 8 }, () => `*a${i}`).join(", ")}]`),
    ].join("\n");
    const read = parseFleet(bomb, "fleet.yaml");
    expect(read.kind === "invalid" && read.faults.join()).toMatch(/alias/);
  });

  it("points into an anchor for what an alias brought along", () => {
    const text = VALID.replace("watch:\n    vitalsSeconds: 2", "watch: &w\n    vitalsSeconds: 2").replace("failover:\n", "failover: *w\n  x:\n");
    const read = parseFleet(text, "fleet.yaml");
    expect(read.kind === "invalid" && read.faults.join("\n")).toContain(
      `fleet.yaml:${lineOf("vitalsSeconds")}:5 policies.failover.vitalsSeconds: found the unknown name`,
    );
  });
});
