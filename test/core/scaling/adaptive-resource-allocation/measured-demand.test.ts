import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measureDemand, type NodeSeries } from "../../../../core/scaling/adaptive-resource-allocation/measured-demand.ts";

const CADENCE_MS = 60_000;
const NOW_MS = 30 * CADENCE_MS;
/** One value a minute, the last of them now. */
const seriesOf = (node: string, values: readonly (number | null)[], lateMs = 0): NodeSeries => ({
  node,
  points: values.map((value, index) => ({ atMs: NOW_MS - (values.length - 1 - index) * CADENCE_MS - lateMs, value })),
});
const measured = (series: readonly NodeSeries[]) => measureDemand({ series, nowMs: NOW_MS, cadenceMs: CADENCE_MS, windowSamples: 4 });
const value = fc.double({ min: 0, max: 1e6, noNaN: true });
const row = fc.array(value, { minLength: 8, maxLength: 8 });

describe("the demand of several nodes", () => {
  it("is the sum of what each said last, however late within its minute each writes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(row, fc.integer({ min: 0, max: CADENCE_MS - 1 })), { minLength: 1, maxLength: 6 }), (rows) => {
        const found = measured(rows.map(([values, lateMs], index) => seriesOf(`n${index}`, values, lateMs)));
        const sum = rows.reduce((total, [values]) => total + (values.at(-1) ?? 0), 0);
        expect(found.now).toBeCloseTo(sum, 3);
        expect(found.window).not.toContain(null);
        expect(found.minuteMean).not.toBeNull();
      }),
    );
  });

  it("never grows when a node falls silent, and has a gap in its window and its minute until that node speaks again", () => {
    fc.assert(
      fc.property(row, row, fc.integer({ min: 3, max: 4 }), (one, other, silent) => {
        const whole = measured([seriesOf("a", one), seriesOf("b", other)]);
        const cut = other.map((each, index) => (index >= other.length - silent ? null : each));
        const found = measured([seriesOf("a", one), seriesOf("b", cut)]);
        expect(found.now ?? 0).toBeLessThanOrEqual(whole.now ?? 0);
        expect(found.window).toContain(null);
        expect(found.minuteMean).toBeNull();
      }),
    );
  });

  it("leaves a node out that never counts requests, rather than call its silence a gap", () => {
    const never = Array.from({ length: 8 }, () => null);
    expect(
      measured([
        seriesOf(
          "a",
          Array.from({ length: 8 }, () => 7),
        ),
        seriesOf("b", never),
      ]),
    ).toMatchObject({
      now: 7,
      window: [7, 7, 7, 7],
      minuteMean: 7,
      nodes: 1,
    });
  });

  it("is unknown, and not zero, where nobody said anything", () => {
    expect(measured([seriesOf("a", [null, null])])).toMatchObject({ now: null, window: [null, null, null, null], minuteMean: null });
    expect(measured([])).toMatchObject({ now: null, nodes: 0 });
  });

  it("is not what was said long ago", () => {
    expect(measured([seriesOf("a", [5, 5, 5], 3 * CADENCE_MS)]).now).toBeNull();
  });
});
