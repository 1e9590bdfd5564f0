/** A fleet of traders keeps every item, whatever the network does, and comes to rest. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../../../core/kernel/ids.ts";
import { imbalanceOf, roundsMax, tradesMax } from "../../../../core/scaling/autonomous-resource-optimization/convergence.ts";
import { TRADE_RULES } from "../../../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { chance } from "../../../support/seeded-chance.ts";
import { type Faults, NO_FAULTS, type NodePlan, TradingNetwork } from "../../../support/trading-network.ts";

const SKEW_MS = 900;
/** What was under way when the network became good is answered in the first round, its answer's report is out in the second. */
const SETTLING_ROUNDS = 3;

const anyPlan: fc.Arbitrary<NodePlan> = fc.record({
  capacityUnits: fc.integer({ min: 10, max: 400 }),
  items: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
  skewMs: fc.integer({ min: -SKEW_MS, max: SKEW_MS }),
});
const anyFleet = fc.array(anyPlan, { minLength: 2, maxLength: 9 });
const anyFaults: fc.Arbitrary<Faults> = fc.record({
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  doubled: fc.double({ min: 0, max: 0.3, noNaN: true }),
  crash: fc.double({ min: 0, max: 0.05, noNaN: true }),
});
const anySeed = fc.integer();

function tradedFleet(network: TradingNetwork) {
  const units = [...network.units.values()];
  return {
    nodes: network.loads,
    smallestUnits: Math.min(...units),
    largestUnits: Math.max(...units),
    marginShare: TRADE_RULES.marginShare,
  };
}

function expectEachOnce(network: TradingNetwork): void {
  const whereabouts = network.whereabouts();
  expect(whereabouts.size).toBe(network.itemIds.length);
  const wrong = [...whereabouts].filter(([, { servers, owners }]) => owners !== 1 || servers > 1);
  expect(wrong).toEqual([]);
}

function comeToRest(network: TradingNetwork, roundsMost: number): number {
  let rounds = 0;
  while (network.canTrade() || network.desks.some(({ giving }) => giving !== null)) {
    expect(rounds, `${rounds} rounds of ${roundsMost}`).toBeLessThan(roundsMost);
    network.playRound(NO_FAULTS);
    rounds += 1;
  }
  return rounds;
}

describe("trading work", () => {
  it("leaves each item with exactly one owner and at most one server at every moment, under loss, doubling, reordering and crashes", () => {
    fc.assert(
      fc.property(anyFleet, anyFaults, anySeed, (plans, faults, seed) => {
        const network = new TradingNetwork(plans, seed);
        for (let round = 0; round < 12; round += 1) network.playRound(faults, () => expectEachOnce(network));
        const held = network.desks.flatMap(({ work, giving }) => [...work, ...(giving?.items ?? [])]);
        for (const { id, units } of held) expect(units).toBe(network.units.get(id));
      }),
      { numRuns: 120 },
    );
  });

  it("never raises the fleet's imbalance by anything that it does, faults or none", () => {
    fc.assert(
      fc.property(anyFleet, anyFaults, anySeed, (plans, faults, seed) => {
        const network = new TradingNetwork(plans, seed);
        let before = imbalanceOf(network.loads);
        for (let round = 0; round < 12; round += 1) {
          network.playRound(faults, () => {
            const after = imbalanceOf(network.loads);
            expect(after).toBeLessThanOrEqual(before + 1e-9);
            before = after;
          });
        }
      }),
      { numRuns: 120 },
    );
  });

  it("moves no more items than the imbalance pays for, however long the network stays bad", () => {
    fc.assert(
      fc.property(anyFleet, anyFaults, anySeed, (plans, faults, seed) => {
        const network = new TradingNetwork(plans, seed);
        fc.pre(network.itemIds.length > 0);
        const most = tradesMax(tradedFleet(network));
        for (let round = 0; round < 30; round += 1) network.playRound(faults);
        expect(network.movedItems).toBeLessThanOrEqual(most);
      }),
      { numRuns: 120 },
    );
  });

  it("comes to rest within the stated rounds once nothing is lost any more, and then no item could find a better place", () => {
    fc.assert(
      fc.property(anyFleet, anyFaults, anySeed, (plans, faults, seed) => {
        const network = new TradingNetwork(plans, seed);
        fc.pre(network.itemIds.length > 0);
        for (let round = 0; round < 8; round += 1) network.playRound(faults);
        for (let round = 0; round < SETTLING_ROUNDS; round += 1) network.playRound(NO_FAULTS);
        comeToRest(network, roundsMax(tradedFleet(network)));
        expectEachOnce(network);
        for (const { servers } of network.whereabouts().values()) expect(servers).toBe(1);
        const moved = network.movedItems;
        for (let round = 0; round < 5; round += 1) network.playRound(NO_FAULTS);
        expect(network.movedItems).toBe(moved);
      }),
      { numRuns: 120 },
    );
  });

  it("starts in the first round wherever something can be gained, all views being equal", () => {
    fc.assert(
      fc.property(anyFleet, anySeed, (plans, seed) => {
        const network = new TradingNetwork(plans, seed);
        const couldTrade = network.canTrade();
        network.playRound(NO_FAULTS);
        expect(network.movedItems > 0).toBe(couldTrade);
        expect(network.steps).not.toContain("declined");
        expect(network.steps).not.toContain("returned");
      }),
    );
  });

  it("brings a fleet of thirty with one hot node to rest within a dozen rounds, and within the bound that holds for it", () => {
    const hot: NodePlan = { capacityUnits: 100, items: Array.from({ length: 300 }, () => 3), skewMs: 0 };
    const cold: NodePlan = { capacityUnits: 100, items: [3], skewMs: 0 };
    const network = new TradingNetwork([hot, ...Array.from({ length: 29 }, () => cold)], 1);
    expect(roundsMax(tradedFleet(network))).toBeLessThan(300);
    expect(comeToRest(network, 12)).toBeGreaterThan(0);
    const shares = network.loads.map(({ loadUnits, capacityUnits }) => loadUnits / capacityUnits);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(0.03 + TRADE_RULES.marginShare);
  });

  it("brings mixed fleets of three to sixty nodes, about a fifth of them hot, to rest within a dozen rounds", () => {
    for (const [seed, count] of [3, 5, 8, 12, 20, 30, 45, 60].entries()) {
      const { below } = chance(seed + 1);
      const plans = Array.from({ length: count }, () => ({
        capacityUnits: 50 + below(350),
        items: Array.from({ length: below(5) === 0 ? 60 : below(8) }, () => 1 + below(10)),
        skewMs: 0,
      }));
      comeToRest(new TradingNetwork(plans, seed), 12);
    }
  });

  it("gives nodes work by their capacity", () => {
    const network = new TradingNetwork(
      [
        { capacityUnits: 300, items: [], skewMs: 0 },
        { capacityUnits: 100, items: Array.from({ length: 200 }, () => 1), skewMs: 0 },
      ],
      1,
    );
    comeToRest(network, 5);
    expect(network.loads.map(({ loadUnits }) => loadUnits)).toEqual([expect.closeTo(150, -1.5), expect.closeTo(50, -1.5)]);
  });

  it("leaves the work of a node that is down where it is", () => {
    fc.assert(
      fc.property(anyFleet, anySeed, (plans, seed) => {
        const network = new TradingNetwork(plans, seed);
        const [down] = network.places.keys();
        network.crash(down as NodeId, 100);
        const before = network.desks[0];
        for (let round = 0; round < 10; round += 1) network.playRound(NO_FAULTS);
        expect(network.desks[0]).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });
});
