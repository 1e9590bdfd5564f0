/** Capacity that follows demand settles, never turns against demand, and stays within its bounds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AdaptiveFacts, type AdaptivePolicy, decideCapacity } from "../../../../core/scaling/adaptive-resource-allocation/adaptive-capacity.ts";

const MINUTE_MS = 60_000;
const anyPolicy: fc.Arbitrary<AdaptivePolicy> = fc
  .record({
    unitsMin: fc.integer({ min: 0, max: 20 }),
    spareUnits: fc.integer({ min: 0, max: 200 }),
    stepOutUnitsMax: fc.integer({ min: 1, max: 50 }),
    stepInUnitsMax: fc.integer({ min: 1, max: 50 }),
    targetShare: fc.double({ min: 0.1, max: 1, noNaN: true }),
    hysteresisShare: fc.double({ min: 0, max: 0.9, noNaN: true }),
    cooldownOutMs: fc.integer({ min: 0, max: 10 * MINUTE_MS }),
    cooldownInMs: fc.integer({ min: 0, max: 30 * MINUTE_MS }),
  })
  .map(({ spareUnits, ...policy }) => ({ ...policy, unitsMax: policy.unitsMin + spareUnits }));
const anyDemand = fc.double({ min: 0, max: 50_000, noNaN: true });
const anyFacts: fc.Arbitrary<AdaptiveFacts> = fc.record({
  nowMs: fc.constant(100 * MINUTE_MS),
  trigger: fc.constantFrom("alarm" as const, "schedule" as const),
  readyUnits: fc.integer({ min: 0, max: 300 }),
  startingUnits: fc.integer({ min: 0, max: 50 }),
  unitCapacity: fc.double({ min: 0.5, max: 500, noNaN: true }),
  demandNow: fc.option(anyDemand, { nil: null }),
  demandWindow: fc.array(fc.option(anyDemand, { nil: null }), { maxLength: 10 }),
  measuredAtMs: fc.integer({ min: 90 * MINUTE_MS, max: 100 * MINUTE_MS }),
  lastOutMs: fc.option(fc.integer({ min: 60 * MINUTE_MS, max: 100 * MINUTE_MS }), { nil: null }),
  lastInMs: fc.option(fc.integer({ min: 60 * MINUTE_MS, max: 100 * MINUTE_MS }), { nil: null }),
  policy: anyPolicy,
});

const policy: AdaptivePolicy = {
  unitsMin: 2,
  unitsMax: 20,
  stepOutUnitsMax: 4,
  stepInUnitsMax: 1,
  targetShare: 0.5,
  hysteresisShare: 0.2,
  cooldownOutMs: MINUTE_MS,
  cooldownInMs: 10 * MINUTE_MS,
};
const facts: AdaptiveFacts = {
  nowMs: 100 * MINUTE_MS,
  trigger: "schedule",
  readyUnits: 4,
  startingUnits: 0,
  unitCapacity: 100,
  demandNow: 200,
  demandWindow: [200, 200],
  measuredAtMs: 100 * MINUTE_MS,
  lastOutMs: null,
  lastInMs: null,
  policy,
};

describe("capacity that follows demand", () => {
  it("reaches one size under any constant demand from any start, and then never changes", () => {
    fc.assert(
      fc.property(
        anyPolicy,
        anyDemand,
        fc.double({ min: 0.5, max: 500, noNaN: true }),
        fc.integer({ min: 0, max: 300 }),
        (rule, demand, unitCapacity, start) => {
          let [units, lastOutMs, lastInMs] = [start, null as number | null, null as number | null];
          let [outs, ins] = [0, 0];
          const stepMs = Math.max(rule.cooldownInMs, rule.cooldownOutMs, MINUTE_MS);
          for (let turn = 1; turn <= 320; turn += 1) {
            const nowMs = turn * stepMs;
            const given = {
              ...facts,
              nowMs,
              measuredAtMs: nowMs,
              readyUnits: units,
              unitCapacity,
              demandNow: demand,
              demandWindow: [demand, demand],
              lastOutMs,
              lastInMs,
              policy: rule,
            };
            const { kind, to } = decideCapacity(given);
            if (kind === "out") [lastOutMs, outs] = [nowMs, outs + 1];
            if (kind === "in") [lastInMs, ins] = [nowMs, ins + 1];
            if (turn > 310) expect(kind).toBe("hold");
            units = to;
          }
          expect(Math.min(outs, ins)).toBe(0);
          expect(units).toBeGreaterThanOrEqual(rule.unitsMin);
          expect(units).toBeLessThanOrEqual(rule.unitsMax);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("never gives fewer units for more demand", () => {
    fc.assert(
      fc.property(anyFacts, fc.double({ min: 0, max: 10_000, noNaN: true }), (given, more) => {
        if (given.demandNow === null) return;
        const higher = {
          ...given,
          demandNow: given.demandNow + more,
          demandWindow: given.demandWindow.map((each) => (each === null ? null : each + more)),
        };
        expect(decideCapacity(higher).to).toBeGreaterThanOrEqual(decideCapacity(given).to);
      }),
    );
  });

  it("moves only towards its bounds or within them, by no more than a step, and answers the same twice", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const running = given.readyUnits + given.startingUnits;
        const { kind, to } = decideCapacity(given);
        expect(decideCapacity(given)).toEqual(decideCapacity(structuredClone(given)));
        if (kind === "hold") expect(to).toBe(running);
        if (kind === "out") expect(to).toBeGreaterThan(running);
        if (kind === "in") expect(to).toBeLessThan(running);
        if (kind === "out") expect(to).toBeLessThanOrEqual(given.policy.unitsMax);
        if (kind === "in") expect(to).toBeGreaterThanOrEqual(given.policy.unitsMin);
        if (kind === "in") expect(running - to).toBeLessThanOrEqual(given.policy.stepInUnitsMax);
        if (running >= given.policy.unitsMin && kind === "out") expect(to - running).toBeLessThanOrEqual(given.policy.stepOutUnitsMax);
      }),
    );
  });

  it("holds in a gap and says so, but still starts what must run at least", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const { kind, to, reason } = decideCapacity({ ...given, demandNow: null });
        if (given.readyUnits + given.startingUnits < given.policy.unitsMin) expect(to).toBe(given.policy.unitsMin);
        else expect([kind, reason]).toEqual(["hold", "the newest minute has no data, and a gap says nothing of demand"]);
      }),
    );
  });

  it("does not order twice what one alarm and its repeat both ask for", () => {
    const first = decideCapacity({ ...facts, trigger: "alarm", demandNow: 350 });
    expect(first).toEqual({ kind: "out", to: 7, reason: "by alarm: demand 350 of 400 wants 7 units" });
    const repeat = decideCapacity({
      ...facts,
      trigger: "alarm",
      demandNow: 350,
      startingUnits: 3,
      lastOutMs: facts.nowMs + 1_000,
      nowMs: facts.nowMs + 2_000,
    });
    expect(repeat).toMatchObject({ kind: "hold", to: 7 });
  });

  it("takes nothing away while the window has a gap that may hide the peak", () => {
    expect(decideCapacity({ ...facts, readyUnits: 10, demandWindow: [200, null] })).toMatchObject({ kind: "hold", to: 10 });
    expect(decideCapacity({ ...facts, readyUnits: 10 })).toMatchObject({ kind: "in", to: 9 });
  });

  it("lets a unit within the hysteresis stay and sends the next one away", () => {
    expect(decideCapacity({ ...facts, readyUnits: 5 })).toMatchObject({ kind: "hold", to: 5 });
    expect(decideCapacity({ ...facts, readyUnits: 6 })).toMatchObject({ kind: "in", to: 5 });
  });

  it("does not act on demand that was measured before the last change", () => {
    const late = { ...facts, demandNow: 900, measuredAtMs: facts.nowMs - 3 * MINUTE_MS, lastOutMs: facts.nowMs - 2 * MINUTE_MS };
    expect(decideCapacity(late)).toMatchObject({ kind: "hold", to: 4 });
    expect(decideCapacity({ ...late, measuredAtMs: facts.nowMs })).toMatchObject({ kind: "out", to: 8 });
  });

  it("waits out the cooldown of its own direction", () => {
    expect(decideCapacity({ ...facts, demandNow: 900, lastOutMs: facts.nowMs - 30_000 }).kind).toBe("hold");
    expect(decideCapacity({ ...facts, demandNow: 900, lastInMs: facts.nowMs - 30_000 })).toMatchObject({ kind: "out", to: 8 });
    expect(decideCapacity({ ...facts, readyUnits: 10, lastOutMs: facts.nowMs - 5 * MINUTE_MS }).kind).toBe("hold");
  });
});
