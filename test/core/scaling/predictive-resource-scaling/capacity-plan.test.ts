/** Capacity ahead of demand: laws of the forecast, of the stated risk, and of what happens when the forecast is in doubt. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CapacityForecaster, observeMinute, startForecaster } from "../../../../core/scaling/predictive-resource-scaling/capacity-forecaster.ts";
import { needAhead } from "../../../../core/scaling/predictive-resource-scaling/capacity-need.ts";
import { HISTORY_MINUTES_MIN, type PlanFacts, planCapacity } from "../../../../core/scaling/predictive-resource-scaling/capacity-plan.ts";
import { CAPACITY_RISK, defaultPolicy } from "../../../../core/scaling/predictive-resource-scaling/capacity-settings.ts";
import { readForecaster, writeForecaster } from "../../../../core/scaling/predictive-resource-scaling/capacity-state.ts";

const DAY_MINUTES = 1_440;
const LEAD_MINUTES = 5;

/** A small generator of uniform numbers (xorshift), so that a series is the same on each machine. */
function chance(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Days with a night, noise, and a rush at noon that doubles demand within ten minutes. */
function dailyDemand(minutes: number, seed: number): number[] {
  const uniform = chance(seed);
  return Array.from({ length: minutes }, (_, minute) => {
    const ofDay = minute % DAY_MINUTES;
    const rush = ofDay >= 720 && ofDay < 780 ? Math.min(1, (ofDay - 720) / 10) : 0;
    return (10 + 5 * Math.sin((2 * Math.PI * ofDay) / DAY_MINUTES)) * (1 + rush) * (0.95 + 0.1 * uniform());
  });
}

function learn(demand: readonly (number | null)[], from: CapacityForecaster = startForecaster(LEAD_MINUTES)): CapacityForecaster {
  const first = (from.minute ?? -1) + 1;
  return demand.reduce<CapacityForecaster>((state, units, index) => observeMinute(state, first + index, units), from);
}

function factsFor(forecaster: CapacityForecaster, demandNow: number | null, readyUnits: number, given: Partial<PlanFacts> = {}): PlanFacts {
  const minute = forecaster.minute ?? 0;
  return {
    forecaster,
    minute,
    risk: CAPACITY_RISK,
    removableUnits: readyUnits,
    nowMs: minute * 60_000,
    trigger: "schedule",
    readyUnits,
    startingUnits: 0,
    unitCapacity: 1,
    demandNow,
    demandWindow: [],
    measuredAtMs: minute * 60_000,
    lastOutMs: null,
    lastInMs: null,
    policy: defaultPolicy(1, 500),
    ...given,
  };
}

const demand = dailyDemand(4 * DAY_MINUTES, 7);
const learned = learn(demand);
const now = demand.at(-1) ?? 0;

describe("capacity ahead of demand", () => {
  it("never asks for fewer units at a smaller risk, and states a smaller chance of being short", () => {
    const anyRisk = fc.double({ min: 1e-6, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(anyRisk, anyRisk, (one, other) => {
        const [careful, daring] = [needAhead(learned, Math.min(one, other)), needAhead(learned, Math.max(one, other))];
        if (careful === null || daring === null) throw new Error("there is a forecast");
        expect(careful.fewest.units).toBeGreaterThanOrEqual(daring.fewest.units);
        expect(careful.most.units).toBeGreaterThanOrEqual(daring.most.units);
        expect(careful.fewest.shortChance).toBeLessThanOrEqual(daring.fewest.shortChance);
      }),
    );
  });

  it("goes on after a restart exactly as it would have without", () => {
    const rest = dailyDemand(DAY_MINUTES, 8);
    let [one, other] = [learned, learned];
    for (const [index, units] of rest.slice(0, 300).entries()) {
      const minute = (learned.minute ?? 0) + 1 + index;
      one = observeMinute(one, minute, units);
      if (index % 37 === 0) {
        const read = readForecaster(writeForecaster(other), LEAD_MINUTES);
        if (read.kind === "refused") throw new Error(read.reason);
        other = read.state;
      }
      other = observeMinute(other, minute, units);
      expect(planCapacity(factsFor(other, units, 20))).toEqual(planCapacity(factsFor(one, units, 20)));
    }
    expect(other).toEqual(one);
  });

  it("is of the same size after a day as after four", () => {
    const bytes = (state: CapacityForecaster): number => writeForecaster(state).length;
    expect(bytes(learned)).toBeLessThan(60_000);
    expect(bytes(learned)).toBeLessThan(1.3 * bytes(learn(demand.slice(0, DAY_MINUTES))));
  });

  it("learns nothing twice: a minute that is told again, or an older one, changes nothing", () => {
    const minute = learned.minute ?? 0;
    expect(observeMinute(learned, minute, 999)).toBe(learned);
    expect(observeMinute(learned, minute - 3, 999)).toBe(learned);
  });

  it("refuses a state of another version, of another lead or with a number that is none", () => {
    const text = writeForecaster(learned);
    expect(readForecaster(text.replace('"version":1', '"version":2'), LEAD_MINUTES).kind).toBe("refused");
    expect(readForecaster(text, LEAD_MINUTES + 1)).toMatchObject({
      kind: "refused",
      reason: "the state is for a lead of 5 minutes, and units need 6",
    });
    expect(readForecaster(text.replace(/"fast":[^,]+/, '"fast":null'), LEAD_MINUTES).kind).toBe("refused");
    expect(readForecaster(text.slice(0, -9), LEAD_MINUTES).kind).toBe("refused");
  });

  it("starts units for a daily rush before it comes, when it has seen it before", () => {
    const weeks = learn(dailyDemand(10 * DAY_MINUTES, 7));
    const quiet = learn(dailyDemand(400, 9), weeks);
    const state = learn(dailyDemand(720, 9), weeks);
    const margin = (of: CapacityForecaster): number =>
      (needAhead(of, CAPACITY_RISK)?.fewest.units ?? 0) / (needAhead(of, CAPACITY_RISK)?.expectedUnits ?? 1);
    expect(margin(state)).toBeGreaterThan(1.2 * margin(quiet));
  });

  it("keeps one size, within a unit, under a constant demand", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 50, noNaN: true }), fc.integer({ min: 1, max: 100 }), (units, start) => {
        let state = learn(new Array<number>(HISTORY_MINUTES_MIN).fill(units));
        let running = start;
        const sizes = new Set<number>();
        for (let turn = 0; turn < 300; turn += 1) {
          state = observeMinute(state, (state.minute ?? 0) + 1, units);
          const plan = planCapacity(factsFor(state, units, running));
          if (turn > 60) expect(plan.kind).not.toBe("out");
          running = plan.to;
          if (turn > 60) sizes.add(running);
        }
        expect(Math.min(...sizes)).toBeGreaterThanOrEqual(units);
        // As the record of a quiet demand grows, a unit may be given back: never taken again.
        expect(sizes.size).toBeLessThanOrEqual(2);
      }),
      { numRuns: 6 },
    );
  });
});

describe("what the plan is bound by", () => {
  it("never goes below what the guard lets go, nor out of bounds, whatever the forecast says", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.nat({ max: 30 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(now, null),
        (running, removableUnits, unitsMin, demandNow) => {
          const policy = defaultPolicy(unitsMin, 200);
          const { kind, to } = planCapacity(factsFor(learned, demandNow, running, { removableUnits, policy }));
          expect(to).toBeGreaterThanOrEqual(Math.min(running, running - removableUnits));
          if (kind !== "hold") expect(to).toBeGreaterThanOrEqual(Math.min(running, unitsMin));
          if (kind === "out") expect(to).toBeLessThanOrEqual(200);
          expect(kind === "hold").toBe(to === running);
        },
      ),
    );
  });

  it("lets measured demand decide while the history is thin, and says so", () => {
    const young = learn(demand.slice(0, 100));
    expect(planCapacity(factsFor(young, 10, 5))).toMatchObject({ by: "adaptive", kind: "out", to: 15, shortChance: null });
    expect(planCapacity(factsFor(young, 10, 5)).reason).toContain("has seen 100 minutes and needs 1440");
  });

  it("holds in a gap, and its forecast of before the gap is not taken for one of now", () => {
    const blind = observeMinute(learned, (learned.minute ?? 0) + 1, null);
    expect(planCapacity(factsFor(blind, null, 20))).toMatchObject({ kind: "hold", to: 20, by: "adaptive" });
    const late = { ...factsFor(learned, now, 20), minute: (learned.minute ?? 0) + 2 };
    expect(planCapacity(late).by).toBe("adaptive");
  });

  it("falls back to measured demand when the forecast's error rises, and comes back when it has fallen", () => {
    const uniform = chance(3);
    const wild = Array.from({ length: 400 }, (_, minute) => 20 * 4 ** Math.floor(3 * uniform()) * (minute % 7 < 3 ? 6 : 1));
    let state = learned;
    let fallen: string | null = null;
    for (const units of wild) {
      state = observeMinute(state, (state.minute ?? 0) + 1, units);
      const plan = planCapacity(factsFor(state, units, 20));
      if (plan.by === "adaptive") fallen ??= plan.reason;
    }
    expect(fallen).toMatch(/^the forecast's error has risen/);
    const calm = learn(dailyDemand(3 * DAY_MINUTES, 5), state);
    expect(planCapacity(factsFor(calm, 10, 20)).by).toBe("forecast");
  });
});
