/** A run's end says what it made, whether it was proven, and asks again for what waited; a run that was replaced changes nothing. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openOrMakeFleetKeyring } from "../../adapters/vault/fleet-keyring.ts";
import { labourInPlace } from "../../adapters/vault/labour.ts";
import { BusUnavailable } from "../../core/kernel/errors.ts";
import type { Bus, World } from "../../core/kernel/ports.ts";
import { backUpSource } from "../../functions/backup/working/backing-up.ts";
import { closeBackup } from "../../functions/backup/working/closing.ts";
import { proveBackup } from "../../functions/backup/working/proving.ts";
import type { BackupStep } from "../../functions/backup/working/step.ts";
import { type BackupWorld, backedUp, backupWorld, cellOf, changeCell, HOME, lasting, SOURCE, startedRun } from "../support/backup-world.ts";
import { noise } from "../support/noise.ts";
import { backUpWith, temporaryFolder } from "../support/vault.ts";

const folder = temporaryFolder();
let of: BackupWorld;
let step: BackupStep;
beforeEach(async () => {
  of = backupWorld();
  step = await startedRun(of);
});
const told = () => of.bus.published.map(({ name, detail }) => [name, detail.reason]);
const counted = (name: string) => of.counts.filter((count) => count.name === name).map(({ value }) => value);
/** A bus that takes no event until it is told to. */
function deafWorld(): World & { hear(): void } {
  let isDeaf = true;
  const publish: Bus["publish"] = async (name, said) => {
    if (isDeaf) throw new BusUnavailable({ event: name, cause: "no answer" });
    await of.bus.publish(name, said);
  };
  return {
    ...of.world,
    bus: { publish },
    hear: () => {
      isDeaf = false;
    },
  };
}
/** The agents of n1 and n2 really store a directory, in the vault's home. */
async function storing(node: "n1" | "n2") {
  const vault = await openOrMakeFleetKeyring(of.vault, of.world);
  const source = join(folder(), node);
  mkdirSync(source);
  writeFileSync(join(source, "state"), noise(node, 200_000));
  of.agent(node).jobs.ends = () => ({
    afterMs: 2_000,
    told: async () => {
      const { manifest } = await backUpWith({ vault, labour: labourInPlace(vault.keyring) }, of.vault.within(HOME), source, {
        node,
        clock: of.clock,
      });
      return { state: "done", result: backedUp(manifest.sequence, { source: `${node}.directory` }) };
    },
  });
}

describe("a run that has stored a backup", () => {
  test("is proven by opening it, written down with what it made, and told", async () => {
    await storing("n1");
    const stored = await backUpSource(of.world, step, lasting(of, 100_000));
    const proven = await proveBackup(of.world, stored);
    expect(proven).toMatchObject({ decision: "proven", proven: ["n1.directory/1"] });
    expect(await closeBackup(of.world, proven)).toEqual({ decision: "done", reason: "backup 1 is stored and proven" });
    expect(await cellOf(of)).toMatchObject({
      running: null,
      provenSequence: 1,
      newest: { sequence: 1, height: 7, startedAtMs: 1_800_000_000_000 },
      last: { run: step.run, outcome: "done", sentence: "backup 1 is stored and proven" },
    });
    expect(told()).toEqual([["backup.completed", "backup 1 is stored and proven"]]);
    expect([counted("BackupsCompleted"), counted("BackupsUnproven")]).toEqual([[1], [0]]);
  });

  test("whose proof failed is said to be unproven, with the reason, and counted", async () => {
    const proofError = { Error: "ObjectCorrupt", Cause: JSON.stringify({ errorMessage: "a pack is damaged" }) };
    const sentence = "backup 1 is stored, NOT PROVEN: ObjectCorrupt: a pack is damaged; 2 entries were skipped, such as socket";
    const result = backedUp(1, { skipped: ["socket"], skippedCount: 2 });
    expect(await closeBackup(of.world, { ...step, result, proofError })).toEqual({ decision: "done", reason: sentence });
    expect(await cellOf(of)).toMatchObject({ provenSequence: 0, newest: { sequence: 1 }, last: { sentence } });
    expect(counted("BackupsUnproven")).toEqual([1]);
  });

  test("tells what was found wrong with earlier backups on its way", async () => {
    const result = backedUp(2, { faults: ["index a is damaged", "index b is missing"] });
    const { reason } = await closeBackup(of.world, { ...step, result, proven: ["n1.directory/2"] });
    expect(reason).toBe("backup 2 is stored and proven; 2 faults of earlier backups were found, such as: index a is damaged");
  });

  test("was called proven where the proof had ended well and this backup was not in it", async () => {
    const result = backedUp(3);
    for (const proven of [[], ["n1.directory/2"], ["n2.directory/3"]]) {
      of = backupWorld();
      step = await startedRun(of);
      expect((await closeBackup(of.world, { ...step, result, proven })).reason).toContain("NOT PROVEN");
      expect([(await cellOf(of)).provenSequence, counted("BackupsUnproven")]).toEqual([0, [1]]);
    }
  });

  test("was not called proven where another source's run had opened it first", async () => {
    for (const node of ["n1", "n2"] as const) await storing(node);
    const stored = await backUpSource(of.world, step, lasting(of, 100_000));
    const other = { ...step, source: "n2.directory" };
    await of.registry.write("backupSource", "n2.directory", { ...(await cellOf(of)), source: "n2.directory" }, "any");
    const second = await backUpSource(of.world, other, lasting(of, 100_000));
    await of.clock.sleep(10);
    expect((await proveBackup(of.world, second)).proven).toEqual(["n2.directory/1"]);
    await of.clock.sleep(10);
    expect((await proveBackup(of.world, stored)).proven).toEqual(["n1.directory/1"]);
  });
});

describe("a run that ends otherwise", () => {
  test("is told as failed or as cancelled, keeps the newest backup, and only a failure counts as one", async () => {
    await closeBackup(of.world, { ...step, result: backedUp(4), proven: ["n1.directory/4"] });
    const { newest } = await cellOf(of);
    const failed = await startedRun(of, 2);
    const error = { Error: "JobRefused", Cause: JSON.stringify({ errorMessage: "n1: VaultRolledBack" }) };
    expect(await closeBackup(of.world, { ...failed, error })).toEqual({ decision: "failed", reason: "JobRefused: n1: VaultRolledBack" });
    const cancelled = await startedRun(of, 3);
    expect(await closeBackup(of.world, { ...cancelled, decision: "cancelled", sentence: "by anna" })).toEqual({
      decision: "cancelled",
      reason: "by anna",
    });
    expect(await cellOf(of)).toMatchObject({ newest, provenSequence: 4, last: { outcome: "cancelled" } });
    expect(of.bus.published.slice(1).map(({ name, detail }) => [name, detail.outcome])).toEqual([
      ["backup.failed", "failed"],
      ["backup.failed", "cancelled"],
    ]);
    expect(counted("BackupsFailed")).toEqual([1, 0]);
  });

  test("asks again for what waited, in its own words", async () => {
    await startedRun(of, 2);
    await changeCell(of, ({ waiting }) => ({ waiting: waiting && { ...waiting, by: "anna", reason: "upgrade", fullReread: true } }));
    await closeBackup(of.world, { ...step, result: backedUp() });
    expect(of.bus.published.at(-1)).toMatchObject({
      name: "backup.requested",
      detail: { source: SOURCE, requestedBy: "anna", reason: "upgrade", fullReread: true },
    });
  });

  test("told nobody, and forgot what waited, where the bus had not taken the first word", async () => {
    await startedRun(of, 2);
    const deaf = deafWorld();
    const ended = { ...step, result: backedUp(), proven: ["n1.directory/1"] };
    await expect(closeBackup(deaf, ended)).rejects.toMatchObject({ name: "BusUnavailable" });
    deaf.hear();
    await of.clock.sleep(5_000);
    expect(await closeBackup(deaf, ended)).toMatchObject({ decision: "done" });
    expect(of.bus.published).toMatchObject([{ name: "backup.completed", detail: { tookMs: 0 } }, { name: "backup.requested" }]);
  });
});

describe("a run that another has replaced", () => {
  test("stops at its next step with nothing written and nobody told", async () => {
    await storing("n1");
    await of.clock.sleep(300_001);
    await startedRun(of, 2);
    const before = await of.registry.read("backupSource", SOURCE);
    for (const next of [
      () => backUpSource(of.world, step, lasting(of, 100_000)),
      () => proveBackup(of.world, { ...step, result: backedUp() }),
      () => closeBackup(of.world, { ...step, result: backedUp() }),
    ])
      await expect(next()).rejects.toMatchObject({ name: "RunStale" });
    expect(await of.registry.read("backupSource", SOURCE)).toEqual(before);
    expect([of.bus.published, of.counts, of.agent("n1").jobs.started]).toEqual([[], [], []]);
  });

  test("stops while its agent is still at work, and the other's cell stays as it is", async () => {
    of.clock.after(20_000, async () =>
      changeCell(of, ({ running }) => ({ running: running && { ...running, run: `${running.run}-other` as never } })),
    );
    await expect(backUpSource(of.world, step, lasting(of, 1_000_000))).rejects.toMatchObject({ name: "RunStale" });
    expect((await cellOf(of)).running).toMatchObject({ run: `${step.run}-other` });
    expect(of.clock.monotonicMs() - 5_000).toBeLessThan(25_000);
  });
});
