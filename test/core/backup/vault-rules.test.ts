/** Which sources a fleet file asks for, and that a fault of the nodes it names for backups is told once and where it is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Backups } from "../../../core/kernel/backup-policy.ts";
import { SourceId } from "../../../core/kernel/backup-source.ts";
import type { Fleet } from "../../../core/kernel/fleet.ts";
import { FleetId } from "../../../core/kernel/ids.ts";
import { sourcesOf, vaultFaults } from "../../../core/kernel/vault-rules.ts";

const NODES = ["n1", "n2", "n3"];
const named = fc.constantFrom(...NODES, "n4", "nn", "x9");

/** As much of a fleet as these rules read. */
function fleetWith(backups: unknown): Fleet {
  const parsed = backups === undefined ? undefined : Backups.parse(backups);
  return {
    fleet: FleetId.parse("testing"),
    regions: { home: "us-east-1", observers: ["us-east-1"] },
    nodes: NODES.map((id) => ({ id })),
    vault: { replicas: ["us-west-2"], lockDays: 1, lockMode: "governance", keepNoncurrentDays: 1, ...(parsed && { backups: parsed }) },
  } as unknown as Fleet;
}

describe("the nodes that are named for backups", () => {
  it("are faulted exactly where they are unknown or repeated, and the drill's exactly where it is unknown", () => {
    fc.assert(
      fc.property(fc.array(named, { maxLength: 6 }), fc.option(named, { nil: undefined }), (directories, node) => {
        const faults = vaultFaults(fleetWith({ directories, ...(node === undefined ? {} : { drill: { node } }) }));
        const wrong = directories.flatMap((id, index) => (!NODES.includes(id) || directories.indexOf(id) !== index ? [index] : []));
        expect(faults.map(({ path }) => path.join("."))).toEqual([
          ...wrong.map((index) => `vault.backups.directories.${index}`),
          ...(node === undefined || NODES.includes(node) ? [] : ["vault.backups.drill.node"]),
        ]);
        for (const { path, found } of faults) expect(found).toBe(path.includes("drill") ? node : directories[path.at(-1) as number]);
      }),
    );
  });

  it("are told as repeated where they are, and otherwise as unknown with the nearest that is known", () => {
    const faults = vaultFaults(fleetWith({ directories: ["n1", "n1", "n22"] }));
    expect(faults.map(({ allowed }) => allowed)).toEqual(["each node once", expect.stringMatching(/^the id of a node.*n2/)]);
  });
});

describe("the sources of a fleet", () => {
  it("are one for each directory in the file's order, and one for the ledger, each under a name that the registry takes", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom(...NODES)), fc.boolean(), (directories, hasLedger) => {
        const sources = sourcesOf(fleetWith({ directories, ...(hasLedger ? { ledger: {} } : {}) }));
        expect(sources).toEqual([...directories.map((id) => `${id}.directory`), ...(hasLedger ? ["testing.ledger"] : [])]);
        for (const source of sources) expect(SourceId.parse(source)).toBe(source);
      }),
    );
  });

  it("are none without backups, and none without a vault", () => {
    expect(sourcesOf(fleetWith(undefined))).toEqual([]);
    expect(sourcesOf({ fleet: FleetId.parse("testing") })).toEqual([]);
  });
});
