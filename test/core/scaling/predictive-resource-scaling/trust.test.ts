/** A forecast is scored by what came, and trusted by its scores. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ForecastScore,
  type PastForecast,
  pinballLoss,
  scoreForecast,
} from "../../../../core/scaling/predictive-resource-scaling/forecast-score.ts";
import { decideTrust, SCORES_MIN } from "../../../../core/scaling/predictive-resource-scaling/trust.ts";

const FORECAST: PastForecast = {
  median: [10, 10, 10, 10],
  levels: [0.05, 0.5, 0.95],
  quantiles: [
    [8, 8, 8, 8],
    [10, 10, 10, 10],
    [12, 12, 12, 12],
  ],
  baselines: { naive: [14, 14, 14, 14] },
};

describe("a score", () => {
  it("counts what was measured, and nothing else", () => {
    expect(scoreForecast(FORECAST, [10, null, 13, Number.NaN])).toMatchObject({
      steps: 2,
      meanError: 1.5,
      baselineErrors: { naive: 2.5 },
      covered: 0.5,
    });
    expect(scoreForecast(FORECAST, [10, null, 13, Number.NaN])?.above).toEqual([1, 0.5, 0.5]);
    expect(scoreForecast(FORECAST, [null, null])).toBeNull();
    expect(scoreForecast(FORECAST, [])).toBeNull();
  });

  it("has the least pinball loss where the quantile is right", () => {
    fc.assert(
      fc.property(fc.constantFrom(0.05, 0.25, 0.5, 0.75, 0.95), fc.integer({ min: 0, max: 100 }), (level, said) => {
        const values = Array.from({ length: 101 }, (_, value) => value);
        const lossOf = (quantile: number): number => values.reduce((sum, value) => sum + pinballLoss(level, value - quantile), 0);
        expect(lossOf(said)).toBeGreaterThanOrEqual(lossOf(Math.round(100 * level)) - 1e-9);
      }),
    );
  });
});

const score = (part: Partial<ForecastScore>): ForecastScore => ({
  steps: 24,
  meanError: 1,
  baselineErrors: { naive: 2, "seasonal naive by day": 1.5 },
  pinball: 0.3,
  covered: 0.9,
  promised: 0.9,
  above: [],
  ...part,
});
const many = (count: number, part: Partial<ForecastScore> = {}): ForecastScore[] => Array.from({ length: count }, () => score(part));
const anyScore = fc
  .record({
    meanError: fc.double({ min: 0, max: 10, noNaN: true }),
    naive: fc.double({ min: 0, max: 10, noNaN: true }),
    covered: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ meanError, naive, covered }) => score({ meanError, covered, baselineErrors: { naive } }));

describe("trust", () => {
  it("is never given to forecasts that were worse than a baseline over the scores looked at", () => {
    fc.assert(
      fc.property(fc.array(anyScore, { minLength: SCORES_MIN, maxLength: 24 }), fc.constantFrom("trusted", "fall-back", null), (scores, before) => {
        const sum = (errorOf: (each: ForecastScore) => number): number => scores.reduce((total, each) => total + errorOf(each), 0);
        const share = sum(({ meanError }) => meanError) / sum(({ baselineErrors }) => baselineErrors.naive ?? 0);
        if (share > 1.06) expect(decideTrust(scores, before).kind).toBe("fall-back");
      }),
    );
  });

  it("stays what it was until enough forecasts were scored, and is not there at the beginning", () => {
    expect(decideTrust(many(2), null).kind).toBe("fall-back");
    expect(decideTrust(many(2), "trusted").kind).toBe("trusted");
    expect(decideTrust(many(3), null).kind).toBe("trusted");
  });

  it("is lost when the error rises, when a baseline is better, and when the band doesn't hold", () => {
    expect(decideTrust([...many(8), ...many(4, { meanError: 2.4 })], "trusted")).toMatchObject({ kind: "fall-back" });
    expect(decideTrust([...many(8, { meanError: 0.4 }), ...many(4, { meanError: 1 })], "trusted").reason).toContain("error rises");
    expect(decideTrust(many(6, { meanError: 1.7 }), "trusted").reason).toContain("no better than the seasonal naive by day one");
    expect(decideTrust(many(6, { covered: 0.7 }), "trusted").reason).toContain("20 % less than promised");
  });

  it("is harder to win back than to keep", () => {
    const middling = many(6, { meanError: 1.46 });
    expect(decideTrust(middling, "trusted").kind).toBe("trusted");
    expect(decideTrust(middling, "fall-back").kind).toBe("fall-back");
  });

  it("is not lost to a world without error", () => {
    const perfect = many(6, { meanError: 0, baselineErrors: { naive: 0 } });
    expect(decideTrust(perfect, "trusted").kind).toBe("trusted");
    expect(decideTrust(many(6, { meanError: 1, baselineErrors: { naive: 0 } }), "trusted").kind).toBe("fall-back");
  });
});
