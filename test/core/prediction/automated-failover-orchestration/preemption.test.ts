import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NodeId, RoleName } from "../../../../core/kernel/ids.ts";
import { Mode } from "../../../../core/kernel/mode.ts";
import { type Level, Level as Levels, PreemptionStep, predictionId } from "../../../../core/kernel/prediction.ts";
import { PredictionPolicy } from "../../../../core/kernel/prediction-policy.ts";
import { type Move, moveLimit, withMove } from "../../../../core/prediction/automated-failover-orchestration/budget.ts";
import { decidePreemption, type PreemptionFacts } from "../../../../core/prediction/automated-failover-orchestration/preemption.ts";

const NOW_MS = 1_767_225_600_000;
const N1 = NodeId.parse("n1");
const PRIMARY = RoleName.parse("primary");
const policy = PredictionPolicy.parse({ stepSeconds: 60, calmSeconds: 120 });

type Given = Partial<Omit<PreemptionFacts, "foreseen">> & { level?: Level; calmForMs?: number | null; ageMs?: number; isOver?: boolean };

function factsOf({ level = "hand-over", calmForMs = null, ageMs = 0, isOver = false, ...more }: Given = {}): PreemptionFacts {
  const said = { probability: 0.9, level, by: "exhaustion" as const, model: null, reason: "its memory is full in 20 min" };
  const open = isOver
    ? []
    : [
        {
          ...said,
          id: predictionId("n1", NOW_MS),
          node: N1,
          role: PRIMARY,
          madeAtMs: NOW_MS,
          horizonMs: 3_600_000,
          features: {},
          movedAtMs: null,
          failedAtMs: null,
          outcome: null,
          level: "warn" as const,
        },
      ];
  return {
    foreseen: { node: N1, latest: { ...said, atMs: NOW_MS - ageMs }, calmSinceMs: calmForMs === null ? null : NOW_MS - calmForMs, open },
    prediction: predictionId("n1", NOW_MS),
    step: "none",
    stepSinceMs: NOW_MS - 60_000,
    mode: "auto",
    policy,
    role: PRIMARY,
    standbys: 2,
    isMoving: false,
    recent: [],
    moveMsMax: 300_000,
    nowMs: NOW_MS,
    ...more,
  };
}

const anyFacts: fc.Arbitrary<PreemptionFacts> = fc
  .record({
    level: fc.constantFrom(...Levels.options),
    calmForMs: fc.option(fc.integer({ min: 0, max: 300_000 })),
    ageMs: fc.integer({ min: 0, max: 600_000 }),
    isOver: fc.boolean(),
    step: fc.constantFrom(...PreemptionStep.options),
    stepSinceMs: fc.integer({ min: 0, max: 600_000 }).map((ms) => NOW_MS - ms),
    mode: fc.constantFrom(...Mode.options),
    role: fc.constantFrom(PRIMARY, null),
    standbys: fc.integer({ min: 0, max: 3 }),
    isMoving: fc.boolean(),
    recent: fc.array(
      fc.record({
        node: fc.constantFrom(N1, NodeId.parse("n2")),
        prediction: fc.constantFrom(predictionId("n1", NOW_MS - 60_000), predictionId("n2", NOW_MS - 60_000)),
        atMs: fc.integer({ min: 0, max: 7_200_000 }).map((ms) => NOW_MS - ms),
        endedAtMs: fc.constantFrom(NOW_MS, null),
      }),
      { maxLength: 4 },
    ),
  })
  .map(factsOf);

describe("a preemption", () => {
  it("hands a role over only after it warned and drained, each for its time, in a mode that lets it, within the budget, and to somebody", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        if (decidePreemption(facts).kind !== "hand-over") return;
        expect(facts).toMatchObject({ step: "drained", role: PRIMARY, isMoving: false });
        expect(["approve", "auto"]).toContain(facts.mode);
        expect(facts.nowMs - facts.stepSinceMs).toBeGreaterThanOrEqual(policy.stepSeconds * 1_000);
        expect(facts.foreseen.latest.level).toBe("hand-over");
        expect(facts.standbys).toBeGreaterThan(0);
        expect(moveLimit(facts.recent, { node: N1, prediction: facts.prediction, policy, openMsMax: facts.moveMsMax, nowMs: NOW_MS })).toBeNull();
      }),
      { numRuns: 3_000 },
    );
  });

  it("moves nothing in shadow or recommend, and tells nobody in shadow", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { kind } = decidePreemption(facts);
        if (facts.mode === "shadow") expect(["wait", "end"]).toContain(kind);
        if (facts.mode === "recommend") expect(["warn", "wait", "end"]).toContain(kind);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never acts on a node that has looked well for the stated time, nor on a word that is stale", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { latest, calmSinceMs } = facts.foreseen;
        const isCalm = calmSinceMs !== null && NOW_MS - calmSinceMs >= policy.calmSeconds * 1_000;
        const isStale = NOW_MS - latest.atMs > 5 * policy.everySeconds * 1_000;
        if (isCalm || isStale) expect(["wait", "end"]).toContain(decidePreemption(facts).kind);
      }),
      { numRuns: 2_000 },
    );
  });

  it("goes from nothing to the move in three steps, and says why at each", () => {
    expect(decidePreemption(factsOf())).toMatchObject({ kind: "warn", reason: expect.stringContaining("memory") });
    expect(decidePreemption(factsOf({ step: "warned" }))).toMatchObject({ kind: "drain" });
    expect(decidePreemption(factsOf({ step: "drained" }))).toMatchObject({ kind: "hand-over" });
    expect(decidePreemption(factsOf({ step: "handed-over", isMoving: true }))).toMatchObject({ kind: "wait" });
    expect(decidePreemption(factsOf({ step: "handed-over", role: null }))).toMatchObject({ kind: "end", ending: "handed-over" });
  });

  it("is cancelled when the node recovers, and left to a person when its role does not come away", () => {
    expect(decidePreemption(factsOf({ step: "drained", level: "calm", calmForMs: 120_000 }))).toMatchObject({ kind: "end", ending: "cancelled" });
    expect(decidePreemption(factsOf({ step: "handed-over", isMoving: true, stepSinceMs: NOW_MS - 300_000 }))).toMatchObject({
      kind: "end",
      ending: "held",
    });
    expect(decidePreemption(factsOf({ step: "handed-over", stepSinceMs: NOW_MS - 61_000 }))).toMatchObject({ kind: "end", ending: "held" });
  });

  it("waits for another node's move, and asks a person once the hour's are spent", () => {
    const n2 = NodeId.parse("n2");
    const move = (agoMs: number, ended: boolean) => ({
      node: n2,
      prediction: predictionId("n2", NOW_MS - agoMs),
      atMs: NOW_MS - agoMs,
      endedAtMs: ended ? NOW_MS : null,
    });
    expect(decidePreemption(factsOf({ step: "drained", recent: [move(1_000, false)] }))).toMatchObject({ kind: "wait" });
    expect(decidePreemption(factsOf({ step: "drained", recent: [move(2_000, true), move(1_000, true)] }))).toMatchObject({
      kind: "end",
      ending: "held",
    });
  });
});

describe("the budget of moves", () => {
  it("does not stand in the way of the move that has its place already: the answer that told of it may have been lost", () => {
    const prediction = predictionId("n1", NOW_MS);
    const own = { node: N1, prediction, atMs: NOW_MS - 10_000, endedAtMs: null };
    expect(moveLimit([own], { node: N1, prediction, policy, openMsMax: 300_000, nowMs: NOW_MS })).toBeNull();
    expect(moveLimit([own], { node: N1, prediction: predictionId("n1", NOW_MS + 1), policy, openMsMax: 300_000, nowMs: NOW_MS })).not.toBeNull();
  });

  it("is never exceeded in any hour, however often it is asked", () => {
    const asked = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 1_200_000 }), node: fc.constantFrom("n1", "n2", "n3"), ends: fc.boolean() }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(asked, (requests) => {
        let recent: readonly Move[] = [];
        let nowMs = NOW_MS;
        const made: number[] = [];
        for (const { afterMs, node, ends } of requests) {
          nowMs += afterMs;
          const id = NodeId.parse(node);
          const prediction = predictionId(node, nowMs);
          if (moveLimit(recent, { node: id, prediction, policy, openMsMax: 300_000, nowMs }) !== null) continue;
          recent = withMove(recent, { node: id, prediction, atMs: nowMs, endedAtMs: ends ? nowMs : null }, policy);
          made.push(nowMs);
        }
        for (const atMs of made)
          expect(made.filter((other) => other > atMs - 3_600_000 && other <= atMs).length).toBeLessThanOrEqual(policy.perHourMax);
      }),
    );
  });
});
