/** Whatever a queue delivers, how often and beside what: each request becomes one run of each source at most, and is told what it became. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RUN_DEADLINE_MS } from "../../core/backup/asynchronous-backup/source.ts";
import { WorkflowsUnavailable } from "../../core/kernel/errors.ts";
import { QueueDelivery, startBackups } from "../../functions/backup/working/starting.ts";
import { backupWorld, cellOf, changeCell, messageOf, SOURCE } from "../support/backup-world.ts";

const deliver = async (of: ReturnType<typeof backupWorld>, ...messages: ReturnType<typeof messageOf>[]) =>
  await startBackups(of.world, QueueDelivery.parse({ Records: messages }));

describe("requests from the queue", () => {
  test("start one execution each at most, and one of a source at a time, however often they are delivered", async () => {
    const anyMessage = fc.record({
      number: fc.nat(5),
      source: fc.constantFrom(undefined, SOURCE, "n2.directory"),
      passMs: fc.constantFrom(0, 1, RUN_DEADLINE_MS + 1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { maxLength: 20 }), async (messages) => {
        const of = backupWorld();
        const starts: string[] = [];
        for (const { number, source, passMs } of messages) {
          await of.clock.sleep(passMs);
          const asked = messageOf(number, source === undefined ? {} : { source });
          const { started } = await deliver(of, asked);
          expect(started.map((one) => one.source)).toEqual(source === undefined ? [SOURCE, "n2.directory"] : [source]);
          for (const { run, verdict, reason } of started) {
            expect(reason).not.toBe("");
            if (verdict === "start") starts.push(run);
            expect(of.executions.has(run)).toBe(starts.includes(run));
          }
        }
        expect(starts).toEqual([...new Set(starts)]);
        expect([...of.executions.keys()]).toEqual(starts);
      }),
      { numRuns: 60 },
    );
  });

  test("that are delivered at once start one execution, and the other request waits", async () => {
    const of = backupWorld();
    const messages = [1, 2].map((number) => messageOf(number, { source: SOURCE }));
    const verdicts = await Promise.all(messages.map(async (message) => (await deliver(of, message)).started[0]?.verdict));
    expect(verdicts.toSorted()).toEqual(["start", "waits"]);
    expect(of.executions.size).toBe(1);
    expect((await cellOf(of)).waiting).not.toBeNull();
  });

  test("name the execution's input and the run that the cell has", async () => {
    const of = backupWorld();
    await deliver(of, messageOf(1, { source: SOURCE, requestedBy: "anna", reason: "before the upgrade", fullReread: true }));
    const run = "00000000-0000-0000-0000-000000000001-n1-directory";
    expect([...of.executions]).toEqual([[run, { fleet: "testing", source: SOURCE, run }]]);
    expect((await cellOf(of)).running).toMatchObject({ run, by: "anna", reason: "before the upgrade", fullReread: true });
  });

  test("start the execution at the second delivery where the first died between the cell and Step Functions", async () => {
    const of = backupWorld();
    const unavailable = {
      ...of.world.workflows,
      start: async () => Promise.reject(new WorkflowsUnavailable({ action: "start", cause: "no answer" })),
    };
    const message = messageOf(1, { source: SOURCE });
    await expect(startBackups({ ...of.world, workflows: unavailable }, { Records: [message] })).rejects.toMatchObject({
      name: "WorkflowsUnavailable",
    });
    expect((await deliver(of, message)).started).toMatchObject([{ verdict: "repeated" }]);
    expect(of.executions.size).toBe(1);
  });

  test("are refused while the source is drained, and start nothing", async () => {
    const of = backupWorld();
    await deliver(of, messageOf(1));
    await changeCell(of, () => ({ running: null, draining: { by: "anna", atMs: 0 } }));
    expect(await deliver(of, messageOf(2, { source: SOURCE }))).toMatchObject({
      decision: "nothing-started",
      reason: "n1.directory: refused, n1.directory is drained by anna: nothing is started",
    });
  });

  test("that nobody can read, or that name a source of no node, change nothing", async () => {
    const of = backupWorld();
    const bad = [
      { message: { ...messageOf(1), body: "{" }, name: "InputInvalid" },
      { message: messageOf(1, { source: "n1" }), name: "InputInvalid" },
      { message: messageOf(1, { source: "n4.directory" }), name: "FleetMismatch" },
    ];
    for (const { message, name } of bad) await expect(deliver(of, message)).rejects.toMatchObject({ name });
    expect([of.executions.size, await of.registry.list("backupSource", { limit: 10 })]).toEqual([0, []]);
  });
});
