/** Each fault in a fleet file names its line, its field, what was found there and what is allowed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseFleet } from "../../adapters/fleet-yaml.ts";

const VALID = readFileSync(join(import.meta.dirname, "../../examples/rehearsal.fleet.yaml"), "utf8");
const LINES = VALID.split("\n");

/** The faults of the valid file after one edit, which must have changed something. */
function faultsAfter(from: string | RegExp, to: string | ((found: string) => string)): readonly string[] {
  const text = VALID.replace(from, to as string);
  expect(text).not.toBe(VALID);
  const read = parseFleet(text, "fleet.yaml");
  return read.kind === "invalid" ? read.faults : [];
}
const lineOf = (part: string): number => LINES.findIndex((line) => line.includes(part)) + 1;

describe("a fault names its place, what was found and what is allowed", () => {
  it.each([
    [
      "an unknown name, with the nearest known",
      "leaseSeconds: 10",
      "leaseSecond: 10",
      `${lineOf("leaseSeconds")}:5 roles.0.leaseSecond: found the unknown name "leaseSecond"`,
      'did you mean "leaseSeconds"',
    ],
    [
      "a missing field, where its parent stands",
      "    leaseSeconds: 10\n",
      "",
      `${lineOf("name: primary")}:5 roles.0.leaseSeconds: found nothing; allowed a number`,
      "",
    ],
    ["a wrong type", "chainId: 31337", 'chainId: "31337"', `${lineOf("chainId")}:12 chain.chainId: found "31337"; allowed a number`, ""],
    ["a value out of bounds", "leaseSeconds: 10", "leaseSeconds: 301", "found 301; allowed at most 300", ""],
    [
      "a word that is none of the choices",
      "mode: auto",
      "mode: atuo",
      'found "atuo"; allowed "shadow", "recommend", "approve", "auto"',
      'did you mean "auto"',
    ],
    [
      "an unknown kind of slots",
      "slots: { kind: time",
      "slots: { kind: times",
      'chain.slots.kind: found "times"; allowed "time" or "height"',
      'did you mean "time"',
    ],
    [
      "an address that is no URL",
      "rpc: http://127.0.0.1:18545",
      "rpc: localhost",
      `nodes.0.rpc: found "localhost"; allowed a URL that begins with http:// or https://`,
      "",
    ],
    ["a hash of the wrong length", /genesisHash: "0x\w{4}/, 'genesisHash: "0x', "allowed 0x and 64 hexadecimal digits", ""],
    ["a key given twice", "    mode: auto", "    mode: auto\n    mode: auto", "YAML: found Map keys must be unique", ""],
    ["a tab", "  home: us-east-1", "\thome: us-east-1", "YAML: found Tabs are not allowed as indentation", ""],
    ["a second document", /$/, "---\nfleet: other\n", "found a second document", ""],
    ["a node that is named twice", "id: n2", "id: n1", "nodes.1.id: found n1; allowed one of its own; nodes.0 has this one", ""],
    [
      "a member that is no node",
      "[n1, n2, n3, n4]",
      "[n1, n2, n3, n44]",
      "roles.0.members.3: found n44; allowed the id of a node: n1, n2, n3, n4",
      "did you mean",
    ],
    ["a preferred node that is no member", "[n1, n2, n3, n4]", "[n2, n3, n4]", "roles.0.preferred: found n1; allowed one of the role's members", ""],
    [
      "a home that does not watch",
      "home: us-east-1",
      "home: us-east-2",
      "regions.home: found us-east-2; allowed one of the observers: us-east-1, us-west-2",
      "",
    ],
    ["two observers without a witness", "  witness: us-east-2\n", "", "regions: found two observers and no witness", ""],
    ["one observer with a witness", "[us-east-1, us-west-2]", "[us-east-1]", "regions.witness: found us-east-2; allowed none with 1 observer", ""],
    ["a witness outside the Region set", "witness: us-east-2", "witness: eu-west-1", "different Region sets", ""],
    [
      "a node in a Region that nobody knows",
      "region: us-west-2\n",
      "region: us-west-1\n",
      "nodes.1.region: found us-west-1; allowed us-east-1, us-west-2, us-east-2",
      'did you mean "us-west-2"',
    ],
    ["a zone in two Regions", "zone: usw2-az1", "zone: use1-az1", "nodes.1.zone: found use1-az1 in us-west-2", ""],
    [
      "an observer that has no address",
      "rpc: http://127.0.0.1:18545",
      "rpc: { us-east-1: http://127.0.0.1:18545 }",
      "nodes.0.rpc: found no address for the observer us-west-2",
      "",
    ],
    [
      "an address for a Region that does not watch",
      "rpc: http://127.0.0.1:18545",
      "rpc: { default: http://127.0.0.1:1, us-west-1: http://127.0.0.1:2 }",
      "nodes.0.rpc.us-west-1: found us-west-1",
      'did you mean "us-west-2"',
    ],
    [
      "a lease that two lost renewals would end",
      "leaseSeconds: 10",
      "leaseSeconds: 5",
      "found 5; allowed 6 or more: 3 renewals of 2 cadences of 1000 ms",
      "",
    ],
    ["a lease shorter than two slots", "seconds: 1 }", "seconds: 6 }", "found 10; allowed 12 or more: 2 slots of 6 s", ""],
    [
      "a vault's copy beside the original",
      "[us-west-2]\n  lockDays",
      "[us-east-1]\n  lockDays",
      "vault.replicas.0: found us-east-1; allowed another Region",
      "",
    ],
    [
      "a vault's copy named twice",
      "[us-west-2]\n  lockDays",
      "[us-west-2, us-west-2]\n  lockDays",
      "vault.replicas.1: found us-west-2; allowed each Region once",
      "",
    ],
    ["a vault without a copy", "[us-west-2]\n  lockDays", "[]\n  lockDays", "vault.replicas: found", ""],
    [
      "a vault where nobody watches",
      "  replicas: [us-west-2]\n",
      "  home: eu-west-1\n  replicas: [us-west-2]\n",
      "vault.home: found eu-west-1; allowed one of the observers: us-east-1, us-west-2",
      "",
    ],
    [
      "a node to back up that is none",
      "directories: [n2, n4]",
      "directories: [n2, n44]",
      `${lineOf("directories")}:23 vault.backups.directories.1: found n44; allowed the id of a node`,
      "did you mean",
    ],
    [
      "a node to back up that is named twice",
      "directories: [n2, n4]",
      "directories: [n2, n2]",
      "vault.backups.directories.1: found n2; allowed each node once",
      "",
    ],
    [
      "a drill beside a node that is none",
      "node: n3\n",
      "node: n33\n",
      `${lineOf("node: n3")}:13 vault.backups.drill.node: found n33; allowed the id of a node`,
      "did you mean",
    ],
    [
      "backups asked for more often than they can be",
      "everySeconds: 3600",
      "everySeconds: 59",
      "vault.backups.everySeconds: found 59; allowed at least 60",
      "",
    ],
    ["an unknown word of backups", "everySeconds: 3600", "everySecond: 3600", 'found the unknown name "everySecond"', 'did you mean "everySeconds"'],
    ["what was deleted gone before its lock", "lockDays: 1\n", "lockDays: 9\n", "vault.keepNoncurrentDays: found 1; allowed 9 or more", ""],
    ["an unknown lock", "lockDays: 1\n", "lockDays: 1\n  lockMode: governence\n", 'allowed "governance", "compliance"', 'did you mean "governance"'],
    [
      "a name that leaves a bucket's none, once, for the longest Region",
      "fleet: rehearsal",
      "fleet: rehearsal-of-a-very-long-name",
      "fleet: found a name of 29 characters and a vault in us-east-1; allowed 25 characters at most",
      "",
    ],
  ])("%s", (_, from, to, ...parts) => {
    const faults = faultsAfter(from, to).join("\n");
    for (const part of parts) expect(faults).toContain(part);
  });

  it("tells every fault of a file at once", () => {
    expect(faultsAfter(/leaseSeconds: 10|home: us-east-1|chainId: 31337/g, (line) => `${line.split(":")[0]}: off`)).toHaveLength(3);
  });

  it("keeps a fault in one line, whatever line ends and control characters the file holds", () => {
    for (const escaped of ["\\n", "\\L", "\\x1b[2J", "\\u202e"]) {
      const faults = faultsAfter('genesisHash: "0x', () => `"gen${escaped}": 1\n  genesisHash: "${escaped}0x`);
      expect(faults).toHaveLength(2);
      expect(faults.join("")).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
    }
  });
});
