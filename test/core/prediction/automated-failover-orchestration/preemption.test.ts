/** A node is relieved ahead of its failure in steps, never in a jump, and never beyond what the fleet can bear. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { IncidentId, NodeId, RoleName } from "../../../../core/kernel/ids.ts";
import { Mode } from "../../../../core/kernel/mode.ts";
import { type ModelName, PreemptionPolicy, type PreemptionPosition, predictionId, STEPS } from "../../../../core/kernel/preemption.ts";
import { cancelLevel, FIRST_LEVELS } from "../../../../core/prediction/automated-failover-orchestration/levels.ts";
import { decidePreemption, type Preemption, type PreemptionFacts } from "../../../../core/prediction/automated-failover-orchestration/preemption.ts";

const MINUTE_MS = 60_000;
const BEGIN_MS = 1_750_000_000_000;
const NODE = "n1" as NodeId;
const MODEL = "trees-3" as ModelName;
const POLICY = PreemptionPolicy.parse({});
const TRUSTED = { kind: "may-act", reason: "12 of 12 were right" } as const;
const FREE = {
  underWayCount: 0,
  lastHourCount: 0,
  outCount: 0,
  nodeCount: 6,
  nodeRelievedAtMs: null,
  roleMovedAtMs: null,
  standby: "n2" as NodeId,
  openIncident: null,
};
const WATCH: PreemptionPosition = { step: "watch", sinceMs: BEGIN_MS - 1, isRehearsed: false };
const prediction = (probability: number, madeAtMs: number, node = NODE) => ({
  id: predictionId({ node, model: MODEL, madeAtMs }),
  node,
  role: "primary" as RoleName | null,
  model: MODEL,
  probability,
  madeAtMs,
});

type Changes = Partial<Omit<PreemptionFacts, "recent" | "prediction" | "position">>;
type Look = { readonly decision: Preemption; readonly facts: PreemptionFacts };

/** One look a minute, each with the position that the look before has left. */
function follow(probabilities: readonly number[], changes: (look: number) => Changes & { role?: RoleName | null } = () => ({})): Look[] {
  let position = WATCH;
  return probabilities.map((probability, look) => {
    const nowMs = BEGIN_MS + look * MINUTE_MS;
    const { role = "primary" as RoleName, ...rest } = changes(look);
    const facts: PreemptionFacts = {
      nowMs,
      prediction: { ...prediction(probability, nowMs), role },
      recent: probabilities.slice(0, look).map((each, place) => ({ probability: each, madeAtMs: BEGIN_MS + place * MINUTE_MS })),
      mode: "auto",
      levels: FIRST_LEVELS,
      trust: { drain: TRUSTED, "hand-over": TRUSTED },
      position,
      around: FREE,
      policy: POLICY,
      ...rest,
    };
    const decision = decidePreemption(facts);
    position = decision.position;
    return { decision, facts };
  });
}
const kinds = (looks: readonly Look[]): string[] => looks.map(({ decision }) => decision.kind);
const rank = (position: PreemptionPosition): number => STEPS.indexOf(position.step);

/** Long stretches of one mood, as nodes have, and noise. */
const anyStream = fc
  .array(
    fc.record({
      level: fc.double({ min: 0, max: 1, noNaN: true }),
      count: fc.integer({ min: 1, max: 14 }),
      noise: fc.double({ min: 0, max: 0.1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((moods) => moods.flatMap(({ level, count, noise }) => Array.from({ length: count }, (_, place) => Math.min(1, level + (place % 2) * noise))));
const anyMode = fc.constantFrom(...Mode.options);
const anyAround = fc.record({
  underWayCount: fc.integer({ min: 0, max: 1 }),
  lastHourCount: fc.integer({ min: 0, max: 2 }),
  outCount: fc.integer({ min: 0, max: 3 }),
  nodeCount: fc.integer({ min: 3, max: 9 }),
  nodeRelievedAtMs: fc.constantFrom(null, BEGIN_MS - MINUTE_MS, BEGIN_MS - 7 * 3_600_000),
  roleMovedAtMs: fc.constantFrom(null, BEGIN_MS - MINUTE_MS, BEGIN_MS - 7 * 3_600_000),
  standby: fc.constantFrom(null, "n2" as NodeId),
  openIncident: fc.constantFrom(null, null, "primary-20261124T000000000" as IncidentId),
});

describe("acting ahead of a failure", () => {
  it("climbs one step at a look at most, each on enough predictions made since the step before, and only when that has lasted", () => {
    fc.assert(
      fc.property(anyStream, anyMode, anyAround, (stream, mode, around) => {
        for (const { decision, facts } of follow(stream, () => ({ mode, around }))) {
          const climbed = rank(decision.position) - rank(facts.position);
          expect(climbed).toBeLessThanOrEqual(1);
          if (climbed < 1) continue;
          const { step } = decision.position;
          if (step === "watch") continue;
          const needed = [...facts.recent, facts.prediction].slice(-POLICY.consecutiveMin);
          expect(needed).toHaveLength(POLICY.consecutiveMin);
          for (const one of needed) expect(one.probability >= FIRST_LEVELS[step] && one.madeAtMs > facts.position.sinceMs).toBe(true);
          if (step !== "warn") expect(facts.nowMs - facts.position.sinceMs).toBeGreaterThanOrEqual(POLICY.stepSecondsMin * 1_000);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("touches nothing unless the mode is auto, the model is trusted, somebody can take over, nothing else is open and the budget has room", () => {
    fc.assert(
      fc.property(anyStream, anyMode, anyAround, fc.boolean(), (stream, mode, around, isTrusted) => {
        const trust = isTrusted ? TRUSTED : ({ kind: "recommend-only", reason: "new" } as const);
        for (const { decision, facts } of follow(stream, () => ({ mode, around, trust: { drain: trust, "hand-over": trust } }))) {
          if (decision.kind !== "drain" && decision.kind !== "hand-over") continue;
          expect([mode, isTrusted, around.openIncident]).toEqual(["auto", true, null]);
          expect(around.standby).not.toBeNull();
          expect(around.underWayCount < POLICY.atOnceMax && around.lastHourCount < POLICY.perHourMax).toBe(true);
          expect((around.outCount + 1) / around.nodeCount).toBeLessThanOrEqual(POLICY.outShareMax);
          expect(facts.nowMs - (around.nodeRelievedAtMs ?? 0)).toBeGreaterThanOrEqual(POLICY.nodeCooldownSeconds * 1_000);
          expect(facts.nowMs - (around.roleMovedAtMs ?? 0)).toBeGreaterThanOrEqual(POLICY.roleCooldownSeconds * 1_000);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("holds on each limit and obstacle alone, at the limit and not one before it, and says which", () => {
    const nowMs = BEGIN_MS + 5 * MINUTE_MS;
    const table: [Partial<PreemptionFacts["around"]>, string | null][] = [
      [{ lastHourCount: POLICY.perHourMax }, "the budget is spent"],
      [{ lastHourCount: POLICY.perHourMax - 1 }, null],
      [{ underWayCount: POLICY.atOnceMax }, "are being relieved"],
      [{ outCount: 2, nodeCount: 6 }, "are out or drained"],
      [{ outCount: 1, nodeCount: 6 }, null],
      [{ nodeRelievedAtMs: nowMs - POLICY.nodeCooldownSeconds * 1_000 + 1 }, "the cooldown of n1"],
      [{ nodeRelievedAtMs: nowMs - POLICY.nodeCooldownSeconds * 1_000 }, null],
      [{ roleMovedAtMs: nowMs - POLICY.roleCooldownSeconds * 1_000 + 1 }, "the cooldown of primary"],
      [{ roleMovedAtMs: nowMs - POLICY.roleCooldownSeconds * 1_000 }, null],
      [{ standby: null }, "no standby is fit"],
      [{ openIncident: "primary-20261124T000000000" as IncidentId }, "is open"],
    ];
    for (const [change, expected] of table) {
      const looks = follow(
        Array.from({ length: 6 }, () => 0.97),
        () => ({ around: { ...FREE, ...change } }),
      );
      const { kind, reason } = looks[5]?.decision ?? { kind: "none", reason: "" };
      expect([change, kind]).toEqual([change, expected === null ? "drain" : "hold"]);
      if (expected !== null) expect(reason).toContain(expected);
    }
  });

  it("does nothing at all in shadow, and climbs there as it would in auto", () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        const shadow = follow(stream, () => ({ mode: "shadow" }));
        expect(new Set(kinds(shadow))).toEqual(new Set(["none"]));
        const real = follow(stream);
        expect(shadow.map(({ decision }) => decision.position.step)).toEqual(real.map(({ decision }) => decision.position.step));
      }),
      { numRuns: 200 },
    );
  });

  it("calls off only after the whole time below the lower level, and then always", () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        for (const { decision, facts } of follow(stream)) {
          const since = facts.nowMs - POLICY.cancelSeconds * 1_000;
          const window = [...facts.recent, facts.prediction].filter(({ madeAtMs }) => madeAtMs >= since);
          const isCalm = since >= BEGIN_MS && window.every(({ probability }) => probability < cancelLevel(FIRST_LEVELS));
          expect(decision.kind === "cancel").toBe(isCalm && facts.position.step !== "watch");
          if (decision.kind === "cancel") expect(decision.position).toEqual({ step: "watch", sinceMs: facts.nowMs, isRehearsed: false });
        }
      }),
      { numRuns: 200 },
    );
  });

  it("never acts on a gap, an old prediction, or one that a newer has replaced", () => {
    const facts = follow([0.99, 0.99, 0.99])[2]?.facts;
    if (!facts) throw new Error("three looks were taken");
    expect(decidePreemption(facts).kind).toBe("warn");
    const gapMs = POLICY.predictionSecondsMax * 1_000 + 1;
    expect(decidePreemption({ ...facts, nowMs: facts.nowMs + gapMs }).kind).toBe("none");
    expect(decidePreemption({ ...facts, recent: [...facts.recent, { probability: 0.1, madeAtMs: facts.nowMs + 1 }] }).kind).toBe("none");
    const early = facts.recent.map((one) => ({ ...one, madeAtMs: one.madeAtMs - gapMs }));
    expect(decidePreemption({ ...facts, recent: early, position: { ...WATCH, sinceMs: 0 } }).kind).toBe("none");
    const repeated = [facts.prediction, facts.prediction, facts.prediction];
    expect(decidePreemption({ ...facts, recent: repeated }).kind).toBe("none");
  });
});

describe("a leaking node", () => {
  it("is warned of, drained and relieved, in this order and minutes apart", () => {
    const looks = follow(Array.from({ length: 12 }, () => 0.97));
    expect(kinds(looks).flatMap((kind, minute) => (kind === "none" ? [] : [`${minute} ${kind}`]))).toEqual(["2 warn", "5 drain", "8 hand-over"]);
    expect(looks.at(-1)?.decision).toMatchObject({ kind: "none", step: "hand-over", reason: expect.stringContaining("no further step") });
  });

  it("that holds no role is drained, and there it ends", () => {
    const looks = follow(
      Array.from({ length: 15 }, () => 0.97),
      () => ({ role: null, around: { ...FREE, standby: null } }),
    );
    expect(kinds(looks)).toContain("drain");
    expect(kinds(looks)).not.toContain("hand-over");
    expect(looks.at(-1)?.decision.reason).toContain("holds no role");
  });

  it("that recovers after its role has moved is watched again, and the role stays where it is", () => {
    const looks = follow([...Array.from({ length: 10 }, () => 0.97), ...Array.from({ length: 13 }, () => 0.02)]);
    const cancelled = looks.find(({ decision }) => decision.kind === "cancel")?.decision;
    expect(cancelled?.reason).toContain("the role stays where it is");
    expect(kinds(looks).filter((kind) => kind === "hand-over")).toHaveLength(1);
  });

  it("is proposed to a person in recommend and in approve, and by a model without a record, again and again and without a step", () => {
    const doubtful = { kind: "recommend-only", reason: "2 were right and 1 false; 10 are asked for" } as const;
    for (const change of [{ mode: "recommend" }, { mode: "approve" }, { trust: { drain: doubtful, "hand-over": doubtful } }] as const) {
      const looks = follow(
        Array.from({ length: 8 }, () => 0.97),
        () => change,
      );
      expect(kinds(looks)).toEqual(["none", "none", "warn", "none", "none", "propose", "propose", "propose"]);
      expect(looks.at(-1)?.decision).toMatchObject({ step: "drain", position: { step: "warn" } });
    }
  });

  it("starts at the bottom when the mode leaves shadow, whatever was rehearsed", () => {
    const looks = follow(
      Array.from({ length: 12 }, () => 0.97),
      (look) => ({ mode: look < 7 ? "shadow" : "auto" }),
    );
    expect(looks[6]?.decision.position).toMatchObject({ step: "drain", isRehearsed: true });
    expect(kinds(looks).slice(7)).toEqual(["none", "warn", "none", "none", "drain"]);
  });
});

describe("a storm of predictions", () => {
  const HOUR_MS = 3_600_000;
  it("relieves no more nodes at once, in an hour and in sum than the policy allows, and holds the others", () => {
    const policies = fc.record({
      atOnceMax: fc.integer({ min: 0, max: 3 }),
      perHourMax: fc.integer({ min: 0, max: 4 }),
      outShareMax: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(policies, fc.integer({ min: 2, max: 10 }), fc.integer({ min: 1, max: 40 }), (limits, nodeCount, moveMinutes) => {
        const policy = PreemptionPolicy.parse(limits);
        const nodes = Array.from({ length: nodeCount }, (_, index) => `n${index}` as NodeId);
        const positions = new Map(nodes.map((node) => [node, WATCH]));
        const relieved = new Map<NodeId, number>();
        let held = 0;
        for (let minute = 0; minute < 150; minute += 1) {
          const nowMs = BEGIN_MS + minute * MINUTE_MS;
          for (const node of nodes) {
            const others = [...relieved].filter(([other]) => other !== node).map(([, atMs]) => nowMs - atMs);
            const decision = decidePreemption({
              nowMs,
              prediction: prediction(0.98, nowMs, node),
              recent: Array.from({ length: minute }, (_, place) => ({ probability: 0.98, madeAtMs: BEGIN_MS + place * MINUTE_MS })),
              mode: "auto",
              levels: FIRST_LEVELS,
              trust: { drain: TRUSTED, "hand-over": TRUSTED },
              position: positions.get(node) ?? WATCH,
              around: {
                ...FREE,
                nodeCount,
                underWayCount: others.filter((agoMs) => agoMs < moveMinutes * MINUTE_MS).length,
                lastHourCount: others.filter((agoMs) => agoMs < HOUR_MS).length,
                outCount: others.length,
              },
              policy,
            });
            positions.set(node, decision.position);
            if (decision.kind === "drain") relieved.set(node, nowMs);
            if (decision.kind === "hold") held += 1;
          }
          const agesMs = [...relieved.values()].map((atMs) => nowMs - atMs);
          expect(agesMs.filter((agoMs) => agoMs < moveMinutes * MINUTE_MS).length).toBeLessThanOrEqual(policy.atOnceMax);
          expect(agesMs.filter((agoMs) => agoMs < HOUR_MS).length).toBeLessThanOrEqual(policy.perHourMax);
          expect(agesMs.length).toBeLessThanOrEqual(policy.outShareMax * nodeCount);
        }
        if (relieved.size < nodeCount) expect(held).toBeGreaterThan(0);
      }),
      { numRuns: 25 },
    );
  });
});
