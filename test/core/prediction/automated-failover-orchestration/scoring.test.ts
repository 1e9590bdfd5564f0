/** Every prediction is scored once its time is over, and every failure is foretold or missed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../../../core/kernel/ids.ts";
import { type ModelName, Prediction, predictionId, STEPS, type Step } from "../../../../core/kernel/preemption.ts";
import { countRecord, episodesOf } from "../../../../core/prediction/automated-failover-orchestration/record.ts";
import { scorePrediction, type WhatHappened } from "../../../../core/prediction/automated-failover-orchestration/scoring.ts";

const MINUTE_MS = 60_000;
const HORIZON_MS = 30 * MINUTE_MS;
const MADE_MS = 1_750_000_000_000;
const END_MS = MADE_MS + HORIZON_MS;
const NODE = "n1" as NodeId;

const entry = (reached: Step, madeAtMs = MADE_MS) => ({ node: NODE, probability: 0.6, horizonMs: HORIZON_MS, madeAtMs, reached });
const nothing: WhatHappened = { nowMs: END_MS, failedAtMs: null, movedAtMs: null, stoppedAtMs: null, watchedThroughMs: END_MS, alarmedAtMs: null };
const scoreOf = (reached: Step, happened: Partial<WhatHappened>): string => {
  const scoring = scorePrediction(entry(reached), { ...nothing, ...happened });
  return scoring.kind === "pending" ? "pending" : scoring.score.kind;
};

describe("a score", () => {
  it("is what the table says", () => {
    const later = { nowMs: END_MS + HORIZON_MS, watchedThroughMs: END_MS + HORIZON_MS };
    const at = (minute: number): number => MADE_MS + minute * MINUTE_MS;
    const table: [Step, Partial<WhatHappened>, string][] = [
      ["warn", {}, "false-alarm"],
      ["watch", {}, "correct-silence"],
      ["warn", { failedAtMs: at(10) }, "hit"],
      ["warn", { failedAtMs: at(30) }, "hit"],
      ["warn", { failedAtMs: at(31) }, "false-alarm"],
      ["watch", { failedAtMs: at(10) }, "miss"],
      ["watch", { failedAtMs: at(10), alarmedAtMs: at(9) }, "foretold-later"],
      ["watch", { failedAtMs: at(10), alarmedAtMs: at(-21) }, "miss"],
      ["hand-over", { ...later, movedAtMs: at(5), failedAtMs: at(20) }, "prevented"],
      ["hand-over", { ...later, movedAtMs: at(5), failedAtMs: at(34) }, "prevented"],
      ["hand-over", { ...later, movedAtMs: at(5), failedAtMs: at(36) }, "false-alarm"],
      ["hand-over", { ...later, movedAtMs: at(5) }, "false-alarm"],
      ["hand-over", { ...later, movedAtMs: at(15), failedAtMs: at(10) }, "hit"],
      ["hand-over", { movedAtMs: at(5) }, "pending"],
      ["hand-over", { ...later, movedAtMs: at(5), stoppedAtMs: at(20) }, "unknown"],
      ["hand-over", { ...later, movedAtMs: at(5), stoppedAtMs: at(20), failedAtMs: at(21) }, "unknown"],
      ["hand-over", { ...later, movedAtMs: at(5), stoppedAtMs: at(25), failedAtMs: at(21) }, "prevented"],
      ["warn", { watchedThroughMs: END_MS - 1 }, "unknown"],
      ["warn", { watchedThroughMs: at(15), failedAtMs: at(10) }, "hit"],
      ["watch", { stoppedAtMs: at(20) }, "unknown"],
      ["warn", { nowMs: END_MS - 1, failedAtMs: at(1) }, "pending"],
    ];
    for (const [reached, happened, expected] of table) expect([reached, happened, scoreOf(reached, happened)]).toEqual([reached, happened, expected]);
  });

  it("is given when its time is over and never before, and does not change afterwards", () => {
    const anyMinute = fc.option(fc.integer({ min: -30, max: 90 }).map((minute) => MADE_MS + minute * MINUTE_MS));
    fc.assert(
      fc.property(
        fc.constantFrom(...STEPS),
        anyMinute,
        anyMinute,
        anyMinute,
        anyMinute,
        fc.nat(60),
        (reached, failedAtMs, movedAtMs, stoppedAtMs, alarmedAtMs, ageMinutes) => {
          const happened = { ...nothing, failedAtMs, movedAtMs, stoppedAtMs, alarmedAtMs, watchedThroughMs: END_MS + HORIZON_MS };
          const early = scorePrediction(entry(reached), { ...happened, nowMs: MADE_MS + ageMinutes * MINUTE_MS });
          const final = scorePrediction(entry(reached), { ...happened, nowMs: END_MS + HORIZON_MS });
          expect(final.kind).toBe("scored");
          if (ageMinutes < 30) expect(early.kind).toBe("pending");
          if (early.kind === "scored" && final.kind === "scored")
            expect({ ...early.score, scoredAtMs: 0 }).toEqual({ ...final.score, scoredAtMs: 0 });
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** A node with one prediction a minute, its alarms and failures where the test puts them. */
function history(alarmMinutes: ReadonlySet<number>, failureMinutes: readonly number[], minutes: number) {
  const nowMs = MADE_MS + minutes * MINUTE_MS + 2 * HORIZON_MS;
  return Array.from({ length: minutes }, (_, minute) => {
    const madeAtMs = MADE_MS + minute * MINUTE_MS;
    const reached: Step = alarmMinutes.has(minute) ? "warn" : "watch";
    const failed = failureMinutes.filter((at) => at > minute).toSorted((a, b) => a - b)[0];
    const alarmed = failed === undefined ? undefined : [...alarmMinutes].filter((at) => at < failed).toSorted((a, b) => b - a)[0];
    const scoring = scorePrediction(entry(reached, madeAtMs), {
      ...nothing,
      nowMs,
      watchedThroughMs: nowMs,
      failedAtMs: failed === undefined ? null : MADE_MS + failed * MINUTE_MS,
      alarmedAtMs: alarmed === undefined ? null : MADE_MS + alarmed * MINUTE_MS,
    });
    return { node: NODE, madeAtMs, horizonMs: HORIZON_MS, reached, score: scoring.kind === "scored" ? scoring.score : null };
  });
}

describe("a record", () => {
  it("counts each failure once: foretold where there was an alarm within a horizon before it, else missed", () => {
    const minute = fc.integer({ min: 1, max: 199 });
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(199), { maxLength: 40 }), fc.uniqueArray(minute, { maxLength: 5 }), (alarms, failures) => {
        const { foretold, missed, falseAlarms } = countRecord(history(new Set(alarms), failures, 200));
        const isForetold = (failed: number): boolean =>
          alarms.some((at) => at < failed && failed - at <= 30 && !failures.some((other) => at < other && other < failed));
        const isWarned = (failed: number): boolean => alarms.some((at) => at < failed && failed - at <= 30);
        expect(foretold).toBe(failures.filter(isForetold).length);
        const silent = (failed: number): boolean => !isWarned(failed) && !failures.includes(failed - 1);
        expect(missed).toBeGreaterThanOrEqual(failures.filter(silent).length);
        expect(missed).toBeLessThanOrEqual(failures.filter((failed) => !isWarned(failed)).length);
        if (failures.length === 0) expect(falseAlarms > 0).toBe(alarms.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  it("counts an alarm that lasts as one for each horizon, and not one for each minute", () => {
    const alarms = new Set(Array.from({ length: 93 }, (_, minute) => minute));
    expect(countRecord(history(alarms, [], 200))).toEqual({ foretold: 0, falseAlarms: 3, unknown: 0, missed: 0 });
  });

  it("leaves out an episode of which something is still open, and asks of each step only what reached it", () => {
    const entries = history(new Set([10, 11, 12]), [20], 60);
    const open = entries.map((one, minute) => (minute === 12 ? { ...one, score: null } : one));
    expect(episodesOf(open, "warn")).toEqual([]);
    expect(episodesOf(entries, "warn")).toMatchObject([{ kind: "foretold", beganAtMs: MADE_MS + 10 * MINUTE_MS }]);
    expect(episodesOf(entries, "drain")).toEqual([]);
  });
});

describe("an entry", () => {
  it("has the same id for the same node, model and minute, another for another, and ids sort by time", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const what = fc.record({ node: word, model: word, madeAtMs: fc.integer({ min: MADE_MS, max: MADE_MS + 5 * MINUTE_MS }) });
    const idOf = ({ node, model, madeAtMs }: { node: string; model: string; madeAtMs: number }) =>
      predictionId({ node: node as NodeId, model: model as ModelName, madeAtMs });
    fc.assert(
      fc.property(what, what, (one, other) => {
        const minuteOf = ({ madeAtMs }: { madeAtMs: number }) => Math.floor(madeAtMs / MINUTE_MS);
        const isSame = one.node === other.node && one.model === other.model && minuteOf(one) === minuteOf(other);
        expect(idOf(one) === idOf(other)).toBe(isSame);
        if (minuteOf(one) < minuteOf(other)) expect(idOf(one) < idOf(other)).toBe(true);
      }),
    );
  });

  it("is refused where a figure is out of its limits", () => {
    const good = {
      ...entry("warn"),
      id: predictionId({ node: NODE, model: "trees-1" as ModelName, madeAtMs: MADE_MS }),
      role: null,
      model: "trees-1",
      features: { diskFreeSlope: -3.5, cpuShare: null },
      decided: null,
      score: null,
    };
    expect(Prediction.safeParse(good).success).toBe(true);
    const tooMany = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`f${index}`, 1]));
    for (const wrong of [
      { probability: 1.01 },
      { probability: Number.NaN },
      { horizonMs: 1 },
      { features: tooMany },
      { features: { "": 1 } },
      { id: "yesterday" },
    ]) {
      expect(Prediction.safeParse({ ...good, ...wrong }).success).toBe(false);
    }
  });
});
