/** Reading history back: what is damaged is named and is a gap, and whoever asks for more than fits gets all of it in turns. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHistory } from "../../adapters/history/read-history.ts";
import { memoryVault } from "../../adapters/vault-memory.ts";
import type { HistoryStore } from "../../core/kernel/ports.ts";
import { historyOf, rowAt } from "../../core/prediction/signal-history/history.ts";
import { encodeHistory } from "../../core/prediction/signal-history/history-object.ts";
import { historyKey, periodAt } from "../../core/prediction/signal-history/history-period.ts";
import { settableClock } from "../support/settable-clock.ts";

const DAY_MS = 86_400_000;
const FIRST = 20_000;
const SUBJECT = { node: "n1", observer: "us-east-1" };

/** A day with points at its given quarters of an hour. */
const dayOf = (day: number, quarters: readonly number[]) => {
  const { stamp, fromMs, untilMs } = periodAt("day", day * DAY_MS);
  const rows = quarters.map((quarter) => ({ atMs: fromMs + quarter * 900_000, values: { quarter, [`of-${day % 2}`]: day } }));
  return { key: historyKey(SUBJECT, stamp), bytes: encodeHistory(historyOf({ ...SUBJECT, fromMs, untilMs }, rows)), rows };
};
async function storeOf(days: readonly { key: string; bytes: Uint8Array }[]): Promise<HistoryStore> {
  const store = memoryVault(settableClock());
  for (const { key, bytes } of days) await store.put(key, bytes);
  await store.put("history/v1/n2/us-east-1/2024-10-04.col", Buffer.from("another node's"));
  await store.put("history/v1/n1/us-east-1/of-another-kind.json", Buffer.from("{}"));
  return store;
}
const whole = { fromMs: FIRST * DAY_MS, untilMs: (FIRST + 9) * DAY_MS };
const anyDays = fc.array(fc.uniqueArray(fc.nat(95), { minLength: 1, maxLength: 6 }), { maxLength: 6 }).map((days) =>
  days.map((quarters, index) =>
    dayOf(
      FIRST + index,
      quarters.toSorted((one, other) => one - other),
    ),
  ),
);

describe("history", () => {
  it("is read whole in turns of any size, each point once, and of any span just what is in it", async () => {
    const anySpan = fc.tuple(fc.nat(9 * DAY_MS), fc.nat(9 * DAY_MS)).map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);
    await fc.assert(
      fc.asyncProperty(anyDays, anySpan, fc.integer({ min: 1, max: 9 }), async (days, [from, until], pointsMax) => {
        const store = await storeOf(days);
        const span = { fromMs: whole.fromMs + from, untilMs: whole.fromMs + until };
        const wanted = days.flatMap(({ rows }) => rows).filter(({ atMs }) => atMs >= span.fromMs && atMs < span.untilMs);
        const found: { atMs: number; values: Record<string, number | null> }[] = [];
        let nextMs: number | null = span.fromMs;
        for (let turn = 0; nextMs !== null; turn += 1) {
          expect(turn).toBeLessThanOrEqual(wanted.length);
          const read = await readHistory(store, { ...SUBJECT, fromMs: nextMs, untilMs: span.untilMs, pointsMax });
          expect(read.history.timesMs.length).toBeLessThanOrEqual(pointsMax);
          expect(read.damaged).toEqual([]);
          for (let index = 0; index < read.history.timesMs.length; index += 1) found.push(rowAt(read.history, index) as (typeof found)[number]);
          nextMs = read.nextMs;
        }
        expect(found.map(({ atMs }) => atMs)).toEqual(wanted.map(({ atMs }) => atMs));
        for (const [index, { values }] of wanted.entries()) expect(found[index]?.values).toMatchObject(values);
      }),
      { numRuns: 60 },
    );
  });

  it("of which an object is damaged has a gap there, and the object is named with what is wrong with it", async () => {
    const days = [0, 1, 2, 3].map((index) => dayOf(FIRST + index, [index]));
    const [first, second, third, fourth] = days as [(typeof days)[0], (typeof days)[0], (typeof days)[0], (typeof days)[0]];
    const bent = Buffer.from(second.bytes);
    bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
    const store = await storeOf([first, { ...second, bytes: bent }, { ...third, bytes: fourth.bytes }, { ...fourth, bytes: Buffer.alloc(17 << 20) }]);
    const { history, damaged } = await readHistory(store, { ...SUBJECT, ...whole });
    expect([...history.timesMs]).toEqual(first.rows.map(({ atMs }) => atMs));
    expect(damaged.map(({ key, name }) => ({ key, name }))).toEqual([
      { key: second.key, name: "altered" },
      { key: third.key, name: "misplaced" },
      { key: fourth.key, name: "too-large" },
    ]);
    for (const { reason } of damaged) expect(reason.length).toBeGreaterThan(20);
  });

  it("that was let go between the list and the look is a gap, and a store that does not answer is no gap", async () => {
    const days = [dayOf(FIRST, [1]), dayOf(FIRST + 1, [2])];
    const store = await storeOf(days);
    const gone: HistoryStore = { ...store, get: async (key, options) => (key === days[0]?.key ? { kind: "absent" } : await store.get(key, options)) };
    expect((await readHistory(gone, { ...SUBJECT, ...whole })).history.timesMs).toHaveLength(1);
    const silent: HistoryStore = { ...store, get: () => Promise.reject(new Error("no answer")) };
    await expect(readHistory(silent, { ...SUBJECT, ...whole })).rejects.toThrow("no answer");
  });
});
