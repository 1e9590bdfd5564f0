/** Vitals leave the registry for the history once, whole, and however often the archiver is stopped on its way. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readHistory } from "../../adapters/history/read-history.ts";
import { HistoryUnwritten } from "../../core/kernel/errors.ts";
import type { World } from "../../core/kernel/ports.ts";
import { signalsOf } from "../../core/kernel/signals.ts";
import { rowAt } from "../../core/prediction/signal-history/history.ts";
import { historyKey } from "../../core/prediction/signal-history/history-period.ts";
import { archiveVitals } from "../../functions/prediction/keeping/archiving.ts";
import { OBSERVER, predictionWorld, vitalsAt } from "../support/prediction-world.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const long = { remainingMs: () => 900_000 };
const SUBJECT = { node: "n1", observer: OBSERVER };

type Rig = ReturnType<typeof predictionWorld>;
/** The beginning of the day on which the rig's clock stands. */
const today = ({ clock }: Rig): number => Math.floor(clock.wallMs() / DAY_MS) * DAY_MS;

async function watched(of: Rig, node: string, { fromMs, untilMs, everyMs }: { fromMs: number; untilMs: number; everyMs: number }): Promise<number[]> {
  const times: number[] = [];
  for (let atMs = fromMs; atMs < untilMs; atMs += everyMs) times.push(atMs);
  for (const atMs of times) await of.write(vitalsAt(of.fleet, node, atMs));
  return times;
}
const readAll = async (of: Rig, span: { fromMs: number; untilMs: number }) => await readHistory(of.store, { ...SUBJECT, ...span });
const keysIn = async (of: Rig): Promise<string[]> => (await of.store.list("", { limit: 1_000 })).map(({ key }) => key);
/** Ends the run when so many periods were begun. */
const endingAfter = (periods: number) => {
  let left = periods;
  return { remainingMs: () => (left-- > 0 ? 900_000 : 0) };
};

describe("archiving", () => {
  test("gives back every measurement and every gap of all finished days as they were, and none twice, wherever its runs were stopped", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 4 }), fc.constantFrom(60, 20), async (stops, vitalsSeconds) => {
        const of = predictionWorld({ vitalsSeconds });
        const end = today(of);
        const times = await watched(of, "n1", { fromMs: end - 3 * DAY_MS + 17_123, untilMs: end, everyMs: 900_000 + 1 });
        for (const periods of stops) await archiveVitals(of.world, endingAfter(periods));
        const last = await archiveVitals(of.world, long);
        expect(["archived", "nothing-due"]).toContain(last.decision);
        const { history, damaged, nextMs } = await readAll(of, { fromMs: end - 5 * DAY_MS, untilMs: end });
        expect({ damaged, nextMs, times: [...history.timesMs] }).toEqual({ damaged: [], nextMs: null, times });
        for (const [index, atMs] of times.entries()) expect(rowAt(history, index).values).toEqual(signalsOf(vitalsAt(of.fleet, "n1", atMs)));
        expect(await archiveVitals(of.world, long)).toMatchObject({ decision: "nothing-due", written: 0 });
      }),
      { numRuns: 12 },
    );
  });

  test("leaves a day alone until it has settled, and goes by hours where vitals come more often than once a minute", async () => {
    const of = predictionWorld();
    const day = { fromMs: today(of), untilMs: today(of) + DAY_MS, everyMs: 600_000 };
    await watched(of, "n1", day);
    const wait = day.untilMs + 15 * 60_000 - of.clock.wallMs();
    await of.clock.sleep(wait - 1);
    await archiveVitals(of.world, long);
    expect(await keysIn(of)).toEqual([]);
    await of.clock.sleep(1);
    expect(await archiveVitals(of.world, long)).toMatchObject({ decision: "archived", written: 1 });
    const stamp = new Date(day.fromMs).toISOString().slice(0, 10);
    expect(await keysIn(of)).toEqual([historyKey(SUBJECT, stamp)]);
    const often = predictionWorld({ vitalsSeconds: 5 });
    await watched(often, "n1", { fromMs: today(often) - 2 * HOUR_MS, untilMs: today(often), everyMs: 60_000 });
    expect(await archiveVitals(often.world, long)).toMatchObject({ written: 2 });
    expect((await keysIn(often)).map((key) => key.slice(-"t22.col".length))).toEqual(["t22.col", "t23.col"]);
  });

  test("puts named metrics beside the vitals at their own times, and fills nothing in", async () => {
    const of = predictionWorld();
    const atMs = today(of) - HOUR_MS;
    await of.write(vitalsAt(of.fleet, "n1", atMs + 5_000));
    const node = vitalsAt(of.fleet, "n1", atMs).node;
    await of.registry.write("metricMinute", `n1/${OBSERVER}/${atMs}`, { node, observer: OBSERVER, atMs, values: { requests: 0 } }, "any");
    await archiveVitals(of.world, long);
    const { history } = await readAll(of, { fromMs: atMs - DAY_MS, untilMs: today(of) });
    expect([...history.timesMs]).toEqual([atMs, atMs + 5_000]);
    expect([rowAt(history, 0).values, rowAt(history, 1).values].map(({ requests, peers }) => ({ requests, peers }))).toEqual([
      { requests: 0, peers: null },
      { requests: null, peers: vitalsAt(of.fleet, "n1", atMs + 5_000).peers },
    ]);
  });

  test("writes one object where two runs are at it at once, and both end well", async () => {
    const of = predictionWorld();
    await watched(of, "n1", { fromMs: today(of) - DAY_MS, untilMs: today(of), everyMs: HOUR_MS });
    const runs = await Promise.all([archiveVitals(of.world, long), archiveVitals(of.world, long)]);
    expect(runs.reduce((sum, { written }) => sum + written, 0)).toBe(1);
    expect(await keysIn(of)).toHaveLength(1);
  });

  test("passes two weeks in which nobody watched with as many looks as there are kinds, and writes no empty object", async () => {
    const of = predictionWorld({ vitalsSeconds: 1 });
    let looks = 0;
    const list: World["registry"]["list"] = async (kind, options) => {
      looks += 1;
      return await of.registry.list(kind, options);
    };
    await of.write(vitalsAt(of.fleet, "n1", today(of) - 1));
    await archiveVitals({ ...of.world, registry: { ...of.registry, list } }, long);
    expect(await keysIn(of)).toHaveLength(1);
    /** Of n1 the empty fortnight, the hour, and what came after it; of each other node the fortnight. */
    expect(looks).toBe(2 * (3 + of.fleet.nodes.length - 1));
  });

  test("of other nodes goes on where one node's vitals cannot be read, and the run says so by failing", async () => {
    const of = predictionWorld();
    for (const node of ["n1", "n2"]) await watched(of, node, { fromMs: today(of) - DAY_MS, untilMs: today(of), everyMs: HOUR_MS });
    const list: World["registry"]["list"] = async (kind, options) => {
      if (options.prefix?.startsWith("n1/")) throw new Error("the table is away");
      return await of.registry.list(kind, options);
    };
    const run = archiveVitals({ ...of.world, registry: { ...of.registry, list } }, long);
    await expect(run).rejects.toThrow(HistoryUnwritten);
    await expect(run).rejects.toThrow(/n1: the table is away.* 1 objects/);
    expect((await keysIn(of)).map((key) => key.split("/")[2])).toEqual(["n2"]);
  });

  test("is not done by a function that was not told where history is kept", async () => {
    const of = predictionWorld();
    expect(await archiveVitals({ ...of.world, history: null }, long)).toMatchObject({ decision: "not-here" });
  });
});
