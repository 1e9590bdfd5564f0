/** The level at which a machine may act follows the record: slowly, within bounds, and in the right direction. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACTING_STEPS, type ActingStep, PreemptionLevels } from "../../../../core/kernel/preemption.ts";
import {
  adjustLevels,
  cancelLevel,
  FIRST_LEVELS,
  LEVEL_BOUNDS,
  type LevelFacts,
  PRECISION_AIM,
  precisionBounds,
  reachedStep,
  trustIn,
} from "../../../../core/prediction/automated-failover-orchestration/levels.ts";
import type { Episode } from "../../../../core/prediction/automated-failover-orchestration/record.ts";

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const NEVER = { warn: 0, drain: 0, "hand-over": 0 };
const POLICY = { recordMin: 10, precisionMin: 0.5 };

const episodes = (right: number, wrong: number, scoredAtMs = NOW_MS - 1): Episode[] =>
  Array.from({ length: right + wrong }, (_, index) => ({
    node: `n${index}`,
    beganAtMs: scoredAtMs - 1,
    scoredAtMs,
    kind: index < right ? ("foretold" as const) : ("false-alarm" as const),
  }));
const facts = (all: Episode[], changes: Partial<LevelFacts> = {}): LevelFacts => ({
  levels: FIRST_LEVELS,
  movedAtMs: NEVER,
  episodes: { warn: all, drain: all, "hand-over": all },
  nowMs: NOW_MS,
  ...changes,
});
const levelsOf = (given: LevelFacts): PreemptionLevels =>
  PreemptionLevels.parse(Object.fromEntries(adjustLevels(given).map(({ step, level }) => [step, level])));

const few = fc.integer({ min: 0, max: 45 });
const anyLevels = fc
  .record({ warn: fc.integer({ min: 30, max: 70 }), drain: fc.integer({ min: 50, max: 85 }), "hand-over": fc.integer({ min: 70, max: 97 }) })
  .map(({ warn, drain, "hand-over": handOver }) => ({
    warn: warn / 100,
    drain: Math.max(warn, drain) / 100,
    "hand-over": Math.max(drain, warn, handOver) / 100,
  }));

describe("levels", () => {
  it("stay within their bounds and in their order, and move by two hundredths a day at most", () => {
    fc.assert(
      fc.property(anyLevels, fc.array(fc.record({ right: few, wrong: few }), { minLength: 3, maxLength: 3 }), (levels, counts) => {
        const record = Object.fromEntries(ACTING_STEPS.map((step, index) => [step, episodes(counts[index]?.right ?? 0, counts[index]?.wrong ?? 0)]));
        const given = facts([], { levels, episodes: record as unknown as LevelFacts["episodes"] });
        const next = levelsOf(given);
        for (const step of ACTING_STEPS) {
          expect(next[step]).toBeGreaterThanOrEqual(LEVEL_BOUNDS[step].min);
          expect(next[step]).toBeLessThanOrEqual(LEVEL_BOUNDS[step].max);
          expect(Math.abs(next[step] - levels[step])).toBeLessThanOrEqual(0.02 + 1e-9);
        }
        const justMoved = { warn: NOW_MS - DAY_MS + 1, drain: NOW_MS - DAY_MS + 1, "hand-over": NOW_MS - DAY_MS + 1 };
        expect(levelsOf({ ...given, movedAtMs: justMoved })).toEqual(levels);
      }),
    );
  });

  it("are never lower for more false alarms, nor higher for more failures that were foretold", () => {
    fc.assert(
      fc.property(anyLevels, few, few, few, (levels, right, wrong, more) => {
        const before = levelsOf(facts(episodes(right, wrong), { levels }));
        const worse = levelsOf(facts(episodes(right, wrong + more), { levels }));
        const better = levelsOf(facts(episodes(right + more, wrong), { levels }));
        for (const step of ACTING_STEPS) {
          expect(worse[step]).toBeGreaterThanOrEqual(before[step]);
          expect(better[step]).toBeLessThanOrEqual(before[step]);
        }
      }),
    );
  });

  it("do not move twice on the same evidence", () => {
    fc.assert(
      fc.property(few, few, fc.integer({ min: 1, max: 50 }), (right, wrong, days) => {
        const record = episodes(right, wrong);
        const moved = { warn: NOW_MS, drain: NOW_MS, "hand-over": NOW_MS };
        expect(levelsOf(facts(record, { movedAtMs: moved, nowMs: NOW_MS + days * DAY_MS }))).toEqual(FIRST_LEVELS);
      }),
    );
  });

  it("are lowered by what was newly right alone, and raised by what was newly false", () => {
    const movedAtMs = { warn: NOW_MS - 5 * DAY_MS, drain: NOW_MS - 5 * DAY_MS, "hand-over": NOW_MS - 5 * DAY_MS };
    const judged = (old: Episode[], news: Episode[]) => adjustLevels(facts([...old, ...news], { movedAtMs })).map(({ kind }) => kind);
    const older = (right: number, wrong: number) => episodes(right, wrong, NOW_MS - 6 * DAY_MS);
    expect(judged(older(50, 0), episodes(2, 1))).toEqual(["kept", "kept", "kept"]);
    expect(judged(older(50, 0), episodes(3, 0))).toEqual(["lowered", "lowered", "lowered"]);
    expect(judged(older(0, 50), episodes(9, 1))).toEqual(["kept", "kept", "kept"]);
    expect(judged(older(0, 50), episodes(0, 2))).toEqual(["raised", "raised", "raised"]);
  });

  it("rise to their bounds under false alarms and fall to them when every alarm is right, and stay there", () => {
    for (const [right, wrong, end] of [
      [0, 30, "max"],
      [60, 0, "min"],
    ] as const) {
      let levels = FIRST_LEVELS;
      for (let day = 0; day < 40; day += 1) levels = levelsOf(facts(episodes(right, wrong), { levels }));
      for (const step of ACTING_STEPS) expect(levels[step]).toBe(LEVEL_BOUNDS[step][end]);
    }
  });

  it("keep where chance explains the record, and say so", () => {
    const [warn] = adjustLevels(facts(episodes(2, 2)));
    expect(warn).toMatchObject({ kind: "kept", level: FIRST_LEVELS.warn, reason: expect.stringContaining("nothing to conclude") });
    const [raised] = adjustLevels(facts(episodes(0, 4)));
    expect(raised).toMatchObject({ kind: "raised", level: 0.52, reason: expect.stringContaining("0 were right and 4 false") });
  });

  it("agree with the step that a probability reaches, and lie above the level of calling off", () => {
    fc.assert(
      fc.property(anyLevels, fc.double({ min: 0, max: 1, noNaN: true }), (levels, probability) => {
        const reached = reachedStep(probability, levels);
        for (const step of ACTING_STEPS) {
          const isReached = ACTING_STEPS.indexOf(step) <= ACTING_STEPS.indexOf(reached as ActingStep);
          expect(isReached).toBe(probability >= levels[step]);
        }
        expect(cancelLevel(levels)).toBeLessThan(levels.warn);
      }),
    );
  });
});

describe("the bounds of a precision", () => {
  it("are Wilson's: 8 of 10 are between 0.541 and 0.931 at 90 %", () => {
    const { low, high } = precisionBounds({ right: 8, wrong: 2 });
    expect(low).toBeCloseTo(0.541, 3);
    expect(high).toBeCloseTo(0.931, 3);
  });

  it("enclose the share, within 0 and 1, and close in as the record grows", () => {
    fc.assert(
      fc.property(few, few, (right, wrong) => {
        const { low, high } = precisionBounds({ right, wrong });
        expect(low >= 0 && high <= 1 && low <= high).toBe(true);
        if (right + wrong === 0) return;
        const share = right / (right + wrong);
        expect(low <= share + 1e-12 && share <= high + 1e-12).toBe(true);
        const tenfold = precisionBounds({ right: 10 * right, wrong: 10 * wrong });
        expect(tenfold.high - tenfold.low).toBeLessThan(high - low);
      }),
    );
  });
});

describe("trust", () => {
  it("is not given without the record that is asked for, however good, nor with one that a coin could have", () => {
    fc.assert(
      fc.property(few, few, (right, wrong) => {
        const { kind } = trustIn("drain", episodes(right, wrong), POLICY);
        expect(kind === "may-act").toBe(right + wrong >= POLICY.recordMin && precisionBounds({ right, wrong }).low >= POLICY.precisionMin);
      }),
    );
    expect(trustIn("drain", episodes(9, 0), POLICY).kind).toBe("recommend-only");
    expect(trustIn("drain", episodes(8, 2), POLICY).kind).toBe("may-act");
    expect(trustIn("drain", episodes(10, 5), POLICY).kind).toBe("recommend-only");
  });

  it("can be given in advance by an operator, and is measured by the newest hundred alone", () => {
    expect(trustIn("hand-over", [], { recordMin: 0, precisionMin: 0 }).kind).toBe("may-act");
    const reformed = [...episodes(0, 100, NOW_MS - 100), ...episodes(100, 0, NOW_MS - 1)];
    expect(trustIn("hand-over", reformed, POLICY).kind).toBe("may-act");
    expect(Object.values(PRECISION_AIM)).toEqual([...Object.values(PRECISION_AIM)].toSorted((a, b) => a - b));
  });
});
