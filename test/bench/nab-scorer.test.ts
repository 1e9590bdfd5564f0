/** NAB's score is what its paper says: nothing for silence, a hundred for perfection, and the rest in between or below. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NabSeries } from "../../bench/nab/corpus.ts";
import { scaledSigmoid, scoreNab, scoreNabAt } from "../../bench/nab/scorer.ts";

const PROFILES = { standard: { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 }, "low FN": { tpWeight: 1, fpWeight: 0.11, fnWeight: 2 } };
const seriesOf = (rows: number, windows: NabSeries["windows"], file = "a.csv"): NabSeries => ({
  group: "made",
  file,
  timestamps: [],
  atMs: new Float64Array(rows),
  values: new Float64Array(rows),
  windows,
});
const series = [
  seriesOf(1_000, [
    { first: 400, last: 499 },
    { first: 800, last: 899 },
  ]),
  seriesOf(600, [], "b.csv"),
];
const scoresOf = (rows: readonly number[]): Float64Array[] =>
  series.map((each, place) => Float64Array.from({ length: each.atMs.length }, (_, row) => (place === 0 && rows.includes(row) ? 1 : 0)));

describe("NAB's scorer", () => {
  it("gives 0 to silence and 100 to the first row of every window, in every profile", () => {
    for (const profile of Object.values(PROFILES)) {
      expect(
        scoreNab(
          series,
          series.map((each) => each.values.map(() => 0.5)),
          profile,
        ).normalized,
      ).toBe(0);
      expect(scoreNab(series, scoresOf([400, 800]), profile).normalized).toBeCloseTo(100, 10);
    }
  });

  it("never gives more than 100, nor less than silence, whose threshold is always there to be chosen", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 999 }), { maxLength: 40 }), (rows) => {
        const { normalized } = scoreNab(series, scoresOf(rows), PROFILES.standard);
        expect(normalized).toBeGreaterThanOrEqual(0);
        expect(normalized).toBeLessThanOrEqual(100 + 1e-9);
      }),
    );
  });

  it("chooses the very threshold that scores best of all", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1_000, maxLength: 1_000 }), (levels) => {
        const scores = [Float64Array.from(levels, (level) => level / 8), new Float64Array(600)];
        const best = scoreNab(series, scores, PROFILES.standard).normalized;
        for (let level = 1; level <= 9; level += 1)
          expect(scoreNabAt(series, scores, PROFILES.standard, level / 8).normalized).toBeLessThanOrEqual(best + 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  it("takes a false detection's weight, ignores the probation, and is kinder just behind a window", () => {
    const at = (rows: readonly number[]): number => scoreNabAt(series, scoresOf(rows), PROFILES.standard, 0.9).normalized;
    expect(at([400, 800, 300])).toBeCloseTo(100 - (100 * 0.11) / 4, 10);
    expect(at([400, 800, 149])).toBeCloseTo(100, 10);
    expect(at([400, 800, 505])).toBeGreaterThan(at([400, 800, 700]));
    expect(at([450, 800])).toBeLessThan(at([410, 800]));
  });

  it("has the sigmoid's published values", () => {
    expect([-1, -0.5, 0, 1, 3].map((place) => Number(scaledSigmoid(place).toFixed(5)))).toEqual([0.98661, 0.84828, 0, -0.98661, -1]);
  });
});
