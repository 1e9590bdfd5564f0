/** Each minute says how far each source is behind, and asks for what is due, once, from one Region. */
import { describe, expect, test } from "vitest";
import type { FleetNode } from "../../core/kernel/fleet.ts";
import type { Probe } from "../../core/kernel/node.ts";
import { measureBackups } from "../../functions/backup/keeping/measuring.ts";
import { closeBackup } from "../../functions/backup/working/closing.ts";
import { answering } from "../support/agent-rig.ts";
import { AWAY, type BackupWorld, backedUp, backupWorld, changeCell, SOURCE, startedRun } from "../support/backup-world.ts";

const asked = (of: BackupWorld) => of.bus.published.map(({ detail }) => [detail.source, detail.reason]);
const lags = (of: BackupWorld, name = "BackupLagSeconds") => of.counts.filter((count) => count.name === name).map(({ node, value }) => [node, value]);
const finalAt =
  (heights: Record<string, number>) =>
  async (node: FleetNode): Promise<Probe> => {
    const height = heights[node.id];
    if (height === undefined) return { kind: "refused", latencyMs: 1, reason: "nothing listens" };
    return { ...answering(height + 2), finalized: { height, hash: `0x${"00".repeat(32)}` } } as Probe;
  };
async function backUpFirst(of: BackupWorld): Promise<void> {
  await closeBackup(of.world, { ...(await startedRun(of)), result: backedUp(1) });
  of.bus.published.length = 0;
  of.counts.length = 0;
}

describe("measuring the backups", () => {
  test("asks for every source that was never backed up, and counts it as late as an alarm allows", async () => {
    const of = backupWorld();
    expect(await measureBackups(of.world)).toMatchObject({ decision: "asked" });
    expect(asked(of)).toEqual([SOURCE, "n2.directory"].map((source) => [source, "there is no backup yet"]));
    expect(of.bus.published[0]).toMatchObject({ name: "backup.requested", detail: { fleet: "testing", requestedBy: "schedule", fullReread: false } });
    expect(lags(of)).toEqual([
      ["n1", 10_800],
      ["n2", 10_800],
      [undefined, 10_800],
    ]);
  });

  test("is done in the vault's home and in no other Region", async () => {
    const of = backupWorld({ region: AWAY });
    expect(await measureBackups(of.world)).toMatchObject({ decision: "not-here" });
    expect([of.bus.published, of.counts]).toEqual([[], []]);
  });

  test("asks for nothing that is under way, drained, or young, and counts its lag all the same", async () => {
    const of = backupWorld({ backups: { directories: ["n1"] } });
    await backUpFirst(of);
    await of.clock.sleep(3_599_000);
    expect(await measureBackups(of.world)).toEqual({ decision: "nothing-due", reason: "the oldest is 3599 s behind" });
    await of.clock.sleep(1_000);
    await startedRun(of, 2);
    expect(await measureBackups(of.world)).toMatchObject({ decision: "nothing-due" });
    await changeCell(of, () => ({ running: null, draining: { by: "anna", atMs: 1 } }));
    expect(await measureBackups(of.world)).toMatchObject({ decision: "nothing-due" });
    expect(lags(of)).toEqual(
      [3_599, 3_600, 3_600].flatMap((seconds) => [
        ["n1", seconds],
        [undefined, seconds],
      ]),
    );
    await changeCell(of, () => ({ draining: null }));
    expect(await measureBackups(of.world)).toMatchObject({ decision: "asked" });
    expect(asked(of)).toEqual([[SOURCE, "the newest backup is 3600 s old, 3600 s are asked for"]]);
  });

  test("goes by the final height that most nodes vouch for, not by one that boasts, and not by silence", async () => {
    for (const { heights, blocks } of [
      { heights: { n1: 106, n2: 107, n3: 5_000, n4: 105 }, blocks: 100 },
      { heights: { n1: 100, n2: 103, n3: 5_000, n4: 105 }, blocks: 98 },
      { heights: {}, blocks: null },
    ]) {
      const of = backupWorld({ backups: { directories: ["n1"], everyBlocks: 100 }, probe: finalAt(heights) });
      await backUpFirst(of);
      await measureBackups(of.world);
      expect(lags(of, "BackupLagBlocks")).toEqual(blocks === null ? [] : [["n1", blocks]]);
      expect(asked(of)).toEqual(blocks === 100 ? [[SOURCE, "100 blocks became final since the newest backup"]] : []);
    }
  });

  test("asks again, a minute later, for what waited and was lost on its way", async () => {
    const of = backupWorld({ backups: { directories: ["n1"] } });
    const first = await startedRun(of);
    await startedRun(of, 2);
    await closeBackup(of.world, { ...first, result: backedUp(1) });
    of.bus.published.length = 0;
    await measureBackups(of.world);
    expect(asked(of)).toEqual([]);
    await of.clock.sleep(60_000);
    await measureBackups(of.world);
    expect(asked(of)).toEqual([[SOURCE, "what a person asked for waits: asked for by an event"]]);
  });
});
