/** Drills for a test file over one chain of ten blocks: `const drills = useDrills()` at its top; each test has a world of its own. */
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Drill } from "../../core/kernel/backup-source.ts";
import { bootNode } from "../../functions/backup/drilling/booting.ts";
import { chooseDrillCopy } from "../../functions/backup/drilling/choosing.ts";
import { restoreCopy } from "../../functions/backup/drilling/restoring.ts";
import type { DrillStep } from "../../functions/backup/drilling/step.ts";
import { verifyNode } from "../../functions/backup/drilling/verifying.ts";
import { lasting } from "./backup-world.ts";
import { type DrillWorld, drillWorld, restored } from "./drill-world.ts";
import { type LedgerNode, startLedgerNode } from "./ledger-node.ts";
import { temporaryFolder } from "./vault.ts";

export const BLOCKS = 10;

export function useDrills() {
  const folder = temporaryFolder();
  let node: LedgerNode;
  let of: DrillWorld;
  beforeAll(async () => {
    node = await startLedgerNode();
    for (let block = 1; block <= BLOCKS; block += 1) await node.rpc("evm_mine", []);
  });
  afterAll(() => node.close());
  const anew = async (): Promise<DrillWorld> => {
    of = await drillWorld(node, folder());
    return of;
  };
  beforeEach(anew);
  afterEach(() => of.close());
  const choose = async (source?: "n1.directory" | "n2.directory"): Promise<DrillStep> =>
    await chooseDrillCopy(of.world, {
      fleet: of.fleet.fleet,
      restoreOnly: false,
      by: "anna",
      name: "Drill_of-today",
      ...(source && { source }),
    });
  return {
    now: () => of,
    async again(): Promise<DrillWorld> {
      await of.close();
      return await anew();
    },
    choose,
    record: async (): Promise<Drill | undefined> => (await of.registry.list("drill", { limit: 10 })).map(({ value }) => value).at(-1),
    counted: (name: string) => of.counts.filter((count) => count.name === name).map(({ value }) => value),
    verify: async (step: DrillStep, ms = 1_000_000) => await verifyNode(of.world, step, lasting(of, ms)),
    /** As far as a node that is booted on the newest copy, which was backed up at `height`. */
    async booted(height = 6): Promise<DrillStep> {
      await of.backUp("n1", { height });
      of.jobs.ends = () => ({ afterMs: 4_000, told: { state: "done", result: restored() } });
      return await bootNode(of.world, await restoreCopy(of.world, await choose(), lasting(of, 100_000)));
    },
  };
}
