/** A function stays with an agent's job through silences, restarts and the end of its access, and its patience with each has an end. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { backUpSource } from "../../functions/backup/working/backing-up.ts";
import type { BackupStep } from "../../functions/backup/working/step.ts";
import { type BackupWorld, backedUp, backupWorld, cellOf, changeCell, HOME, lasting, SOURCE, startedRun } from "../support/backup-world.ts";
import type { JobEnd } from "../support/fake-jobs.ts";

const HOUR_MS = 3_600_000;
const LONG_MS = 10 * HOUR_MS;
let of: BackupWorld;
let step: BackupStep;
beforeEach(async () => {
  of = backupWorld();
  step = await startedRun(of);
});
const done = (afterMs: number): JobEnd => ({ afterMs, told: { state: "done", result: backedUp() } });
const failing = (fault: { name: string; transient: boolean }): JobEnd => ({
  afterMs: 2_000,
  told: { state: "failed", fault: { ...fault, sentence: "so it was" } },
});
const run = async (ms = LONG_MS) => await backUpSource(of.world, step, lasting(of, ms));

describe("a job of an agent", () => {
  test("is ordered once, with access to the home for its own writer alone, and its result comes back", async () => {
    const { jobs } = of.agent("n1");
    jobs.ends = () => done(5_000);
    await changeCell(of, ({ running }) => ({ running: running && { ...running, fullReread: true } }));
    expect(await run()).toMatchObject({ decision: "done", result: { kind: "backup", sequence: 1 } });
    expect(of.vault.scopes).toEqual([{ writes: { writer: "n1", source: SOURCE }, regions: [HOME] }]);
    expect(jobs.started).toMatchObject([
      {
        job: step.run,
        access: { places: [{ region: HOME }] },
        work: { kind: "backup", newestKnown: 0, verified: [], fullReread: true, finality: { kind: "tag" }, genesisHash: of.fleet.chain.genesisHash },
      },
    ]);
    expect((await cellOf(of)).running).toMatchObject({ run: step.run });
  });

  test("is given up when its agent is silent for a minute and a half, and not before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 180 }), async (seconds) => {
        of = backupWorld();
        step = await startedRun(of);
        const agent = of.agent("n1");
        agent.jobs.ends = () => done(200_000);
        of.clock.after(10_000, () => {
          agent.reach = "gone";
          of.clock.after(seconds * 1_000, () => {
            agent.reach = "up";
          });
        });
        const from = of.clock.monotonicMs();
        const ended = await run().catch((error: Error) => error);
        if (seconds <= 90) expect(ended).toMatchObject({ decision: "done" });
        else if (seconds > 93) {
          expect(ended).toMatchObject({ name: "AgentUnreachable", transient: true, message: expect.stringContaining("connection refused") });
          expect((of.clock.monotonicMs() - from) / 1_000).toBeGreaterThan(100);
          expect((of.clock.monotonicMs() - from) / 1_000).toBeLessThan(104);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("is not given up over silences that are each short", async () => {
    const agent = of.agent("n1");
    agent.jobs.ends = () => done(200_000);
    for (let number = 0; number < 3; number += 1) {
      of.clock.after(10_000 + number * 60_000, () => {
        agent.reach = "gone";
      });
      of.clock.after(60_000 + number * 60_000, () => {
        agent.reach = "up";
      });
    }
    expect(await run()).toMatchObject({ decision: "done" });
  });

  test("is ordered anew after each restart of its agent, four times in all and no more", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 6 }), async (restarts) => {
        of = backupWorld();
        step = await startedRun(of);
        const { jobs } = of.agent("n1");
        jobs.ends = () => done(60_000);
        for (let number = 1; number <= restarts; number += 1) of.clock.after(number * 10_000, () => jobs.restart());
        const ended = await run().catch((error: Error) => error);
        expect(jobs.started).toHaveLength(Math.min(4, restarts + 1));
        if (restarts <= 3) expect(ended).toMatchObject({ decision: "done" });
        else expect(ended).toMatchObject({ name: "JobFailed", message: expect.stringContaining("ordered 4 times") });
      }),
      { numRuns: 20 },
    );
  });

  test("never runs without access that is good, however long it lasts, and is not given new access all the time", async () => {
    const { jobs } = of.agent("n1");
    jobs.ends = () => done(5 * HOUR_MS);
    expect(await run()).toMatchObject({ decision: "done" });
    expect(jobs.withoutAccessMs).toBe(0);
    expect(jobs.renewals).toBe(6);
    expect((await cellOf(of)).running?.deadlineMs).toBeGreaterThan(of.clock.wallMs());
    expect(jobs.started).toHaveLength(1);
  });

  test("is gone on with by the next function, which starts nothing", async () => {
    const { jobs } = of.agent("n1");
    jobs.ends = () => done(100_000);
    expect(await run(60_000)).toMatchObject({ decision: "unfinished" });
    expect(of.clock.monotonicMs()).toBeLessThan(5_000 + 60_000);
    expect(await run()).toMatchObject({ decision: "done" });
    expect(jobs.started).toHaveLength(1);
  });

  test("is not taken for another run's that is under way there", async () => {
    const { jobs } = of.agent("n1");
    await run(31_000);
    of.registry.cells.clear();
    const other = await startedRun(of, 2);
    await expect(backUpSource(of.world, other, lasting(of, LONG_MS))).rejects.toMatchObject({
      name: "JobFailed",
      message: expect.stringContaining(`${step.run} is under way`),
    });
    expect(jobs.started).toHaveLength(1);
  });

  test("that failed is told by its fault: to be tried again where that may pass, and else for good", async () => {
    const { jobs } = of.agent("n1");
    jobs.ends = () => failing({ name: "JobLost", transient: true });
    await expect(run()).rejects.toMatchObject({ name: "JobFailed", transient: true, message: "n1: JobLost: so it was" });
    jobs.ends = () => failing({ name: "VaultRolledBack", transient: false });
    for (let time = 1; time <= 2; time += 1)
      await expect(run()).rejects.toMatchObject({ name: "JobRefused", transient: false, message: "n1: VaultRolledBack: so it was" });
    expect(jobs.started).toHaveLength(2);
  });

  test("that had failed for a passing reason was never begun again, since each try found the failure of the one before", async () => {
    const { jobs } = of.agent("n1");
    jobs.ends = (_work, start) => (start < 3 ? failing({ name: "JobLost", transient: true }) : done(5_000));
    for (let time = 1; time <= 2; time += 1) await expect(run()).rejects.toMatchObject({ name: "JobFailed" });
    expect(await run()).toMatchObject({ decision: "done" });
    expect(jobs.started).toHaveLength(3);
  });
});

describe("a cancel in the cell", () => {
  const cancel = async () => await changeCell(of, ({ running }) => ({ running: running && { ...running, cancel: { by: "anna", atMs: 1 } } }));

  test("reaches the agent within seconds, once, and ends the run as cancelled", async () => {
    const { jobs } = of.agent("n1");
    of.clock.after(10_000, cancel);
    expect(await run()).toMatchObject({ decision: "cancelled", result: null });
    expect(jobs.cancelled).toEqual([step.run]);
    expect(of.clock.monotonicMs() - 5_000).toBeLessThan(15_000);
  });

  test("before anything was ordered orders nothing, also where an earlier try has failed", async () => {
    const { jobs } = of.agent("n1");
    jobs.ends = () => failing({ name: "JobLost", transient: true });
    await run().catch(() => null);
    await cancel();
    expect(await run(60_000)).toMatchObject({ decision: "cancelled", reason: "it was cancelled before it began" });
    expect(jobs.started).toHaveLength(1);
  });

  test("orders nothing, and cancels nothing, where another run's job is under way at the agent", async () => {
    const { jobs } = of.agent("n1");
    await run(31_000);
    of.registry.cells.clear();
    step = await startedRun(of, 2);
    await cancel();
    expect(await run()).toMatchObject({ decision: "cancelled", reason: "it was cancelled before it began" });
    expect([jobs.started.length, jobs.cancelled]).toEqual([1, []]);
  });
});
