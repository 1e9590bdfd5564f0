/** `cdk synth`: what it says of a faulty fleet file, what it needs, and what it writes. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { projectRoot } from "../../infra/bundle.ts";
import { NETWORK, PAIR } from "./fleets.ts";
import { EXAMPLES, synthesize } from "./synthesis.ts";

/** What an operator is promised. */
const SYNTH_MS_MAX = 30_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-app-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** No account, no credentials, and a proxy that refuses, so that any call to a network fails. */
function synth(fleet: string, output: string) {
  const { PATH = "", HOME = folder } = process.env;
  const dead = "http://127.0.0.1:1";
  return spawnSync(
    process.execPath,
    [join(projectRoot, "node_modules", "aws-cdk", "bin", "cdk"), "synth", "--quiet", "-o", output, "-c", `fleet=${fleet}`],
    {
      cwd: projectRoot,
      env: { PATH, HOME, HTTP_PROXY: dead, HTTPS_PROXY: dead, AWS_EC2_METADATA_DISABLED: "true", CI: "true" },
      encoding: "utf8",
      timeout: SYNTH_MS_MAX,
    },
  );
}

describe("cdk synth", () => {
  it("writes one stack per observer Region with no account and no network, within thirty seconds", () => {
    const example = EXAMPLES[0]?.file ?? "";
    const output = join(folder, "good");
    const { status, stderr, signal } = synth(example, output);
    expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
    expect(readdirSync(output).filter((file) => file.endsWith(".template.json")).length).toBeGreaterThan(0);
  });

  it("names every fault of a fleet file, fails, and writes no stack", () => {
    const file = join(folder, "bad.fleet.yaml");
    const example = EXAMPLES[0]?.file ?? "";
    const text = readFileSync(example, "utf8");
    writeFileSync(file, `${text.replace(/leaseSeconds: \d+/, "leaseSeconds: 1").replace(/chainId: \d+/, "chainId: none")}`);
    const output = join(folder, "bad");
    const { status, stderr } = synth(file, output);
    expect(status).toBe(1);
    expect(stderr).toMatch(/leaseSeconds/);
    expect(stderr).toMatch(/chainId/);
    expect(stderr).toMatch(/2 faults; nothing was synthesized/);
    expect(existsSync(output) && readdirSync(output).some((each) => each.endsWith(".template.json"))).toBe(false);
  });
});

/** Hashes of code change with every commit, and the definition and the dashboard are files and widgets that people read elsewhere. */
const SCRUBBED = new Set(["S3Key", "DefinitionString", "DashboardBody", "Tags", "QueryString"]);

function scrub(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scrub);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, SCRUBBED.has(name) ? `<${name}>` : scrub(inner)]));
}

describe("the stacks of a fleet", () => {
  it("are the same, code's hashes included, whenever and wherever they are synthesized", async () => {
    const [first, second] = [await synthesize(PAIR), await synthesize(PAIR)];
    expect([...second.templates]).toEqual([...first.templates]);
  });

  it.each([
    ["without backups, in its home", PAIR, "validator-pair-home.snap"],
    ["with backups, in its vault's home", NETWORK, "synnergy-network-vault-home.snap"],
  ])("%s, are those that were last reviewed", async (_, file, snapshot) => {
    const { fleet, templates } = await synthesize(file);
    const { Resources, Outputs } = templates.get(vaultPlaces(fleet)?.home ?? fleet.regions.home) ?? { Resources: {}, Outputs: {} };
    const lines = Object.entries(Resources).map(([id, { Type, Properties }]) => `${id} ${Type} ${JSON.stringify(scrub(Properties))}`);
    await expect([...lines.toSorted(), `Outputs ${Object.keys(Outputs ?? {}).join(" ")}`].join("\n")).toMatchFileSnapshot(
      `__snapshots__/${snapshot}`,
    );
  });
});
