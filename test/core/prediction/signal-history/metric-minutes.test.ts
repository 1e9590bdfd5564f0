/** Named metrics: read once a period, looked back for, and merged so that no order and no repetition of runs changes what is kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MetricReading, NamedMetric } from "../../../../core/kernel/named-metric.ts";
import { type Minute, metricsDue, minutesToWrite, spanToRead } from "../../../../core/prediction/signal-history/metric-minutes.ts";

const MINUTE_MS = 60_000;
const metric = (signal: string, periodSeconds: number) =>
  NamedMetric.parse({ signal, node: "n1", namespace: "AWS/ApplicationELB", metric: "RequestCount", periodSeconds });
const anyPeriod = fc.integer({ min: 1, max: 60 }).map((minutes) => 60 * minutes);
const anyNow = fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 });
const reading = (signal: string, points: readonly (readonly [number, number])[]): MetricReading => ({
  node: "n1",
  signal,
  points: points.map(([minute, value]) => ({ atMs: minute * MINUTE_MS, value })),
  fault: null,
});
const merged = (kept: readonly Minute[], written: readonly Minute[]): Minute[] =>
  [...new Map([...kept, ...written].map((minute) => [minute.atMs, minute])).values()].toSorted((one, other) => one.atMs - other.atMs);

describe("when a metric is read", () => {
  it("is once in its period, and each of its settled periods is in the span of some reading, even where every other run is lost", () => {
    fc.assert(
      fc.property(anyPeriod, anyNow, (periodSeconds, startMs) => {
        const periodMs = periodSeconds * 1_000;
        const runs = Array.from({ length: 180 }, (_, index) => startMs + index * MINUTE_MS).filter(
          (nowMs) => metricsDue([metric("requests", periodSeconds)], nowMs).length === 1,
        );
        expect(Math.abs(runs.length - 180 / (periodSeconds / 60))).toBeLessThan(1);
        const spans = runs.filter((_, index) => index % 2 === 0).map((nowMs) => ({ nowMs, ...spanToRead(periodSeconds, nowMs) }));
        spans.forEach(({ nowMs, fromMs, untilMs }, index) => {
          expect([fromMs % periodMs, untilMs % periodMs]).toEqual([0, 0]);
          expect(untilMs).toBeLessThanOrEqual(nowMs - MINUTE_MS);
          expect(untilMs).toBeGreaterThan(nowMs - MINUTE_MS - periodMs);
          expect(fromMs).toBeLessThanOrEqual(spans[index - 1]?.untilMs ?? fromMs);
        });
      }),
    );
  });
});

describe("what is written of a reading", () => {
  const anyReading = fc
    .tuple(fc.constantFrom("a", "b", "c"), fc.uniqueArray(fc.tuple(fc.nat(8), fc.integer({ min: 0, max: 3 })), { selector: ([minute]) => minute }))
    .map(([signal, points]) => reading(signal, points));
  const anyKept = fc
    .uniqueArray(fc.nat(8))
    .map((minutes) => minutes.toSorted((one, other) => one - other).map((minute) => ({ atMs: minute * MINUTE_MS, values: { a: 1, z: 9 } })));

  it("leaves what was kept and not read as it is, has each newest value, and is nothing the second time", () => {
    fc.assert(
      fc.property(anyKept, fc.array(anyReading, { maxLength: 4 }), (kept, readings) => {
        const written = minutesToWrite(kept, readings);
        const after = merged(kept, written);
        expect(minutesToWrite(after, readings.slice(-1))).toEqual([]);
        for (const { atMs, values } of kept) expect(after.find((minute) => minute.atMs === atMs)?.values).toMatchObject({ z: values.z });
        const newest = new Map(readings.flatMap(({ signal, points }) => points.map(({ atMs, value }) => [`${signal}@${atMs}`, value] as const)));
        for (const [place, value] of newest) {
          const [signal = "", atMs] = place.split("@");
          expect(after.find((minute) => minute.atMs === Number(atMs))?.values[signal]).toBe(value);
        }
        expect(after.flatMap(({ values }) => Object.values(values)).every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it("has no value where CloudWatch has none, and none that the registry would refuse", () => {
    expect(
      minutesToWrite(
        [],
        [
          reading("a", [
            [1, 0],
            [3, 2],
          ]),
          { ...reading("b", []), fault: "throttled" },
        ],
      ),
    ).toEqual([
      { atMs: MINUTE_MS, values: { a: 0 } },
      { atMs: 3 * MINUTE_MS, values: { a: 2 } },
    ]);
    expect(
      minutesToWrite(
        [],
        [
          reading("a", [
            [1, 2 ** 60],
            [2, 1e-200],
            [3, Number.NaN],
          ]),
        ],
      ),
    ).toEqual([]);
  });
});
