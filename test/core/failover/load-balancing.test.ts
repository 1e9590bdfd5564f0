/** Work that moves is neither lost nor made, and lands where there is room. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jainIndex } from "../../../core/failover/load-balancing/fairness.ts";
import { redistribute, redistributeOnce, type Work } from "../../../core/failover/load-balancing/redistribution.ts";
import type { IncidentId, NodeId } from "../../../core/kernel/ids.ts";

const node = (index: number) => `n${index}` as NodeId;
const total = (work: readonly Work[]) => work.reduce((sum, { units }) => sum + units, 0);
const fleets = fc
  .array(fc.record({ capacity: fc.integer({ min: 1, max: 1_000_000 }), share: fc.double({ min: 0, max: 1, noNaN: true }), healthy: fc.boolean() }), {
    minLength: 1,
    maxLength: 30,
  })
  .map((nodes) => ({
    work: nodes.map(({ capacity, share }, index) => ({ node: node(index), units: Math.floor(capacity * share) })),
    receivers: nodes.flatMap(({ capacity, healthy }, index) => (healthy ? [{ node: node(index), capacity }] : [])),
  }));

describe("laws", () => {
  it("conserves the total exactly, and never gives the lost node any", () => {
    fc.assert(
      fc.property(fleets, ({ work, receivers }) => {
        const moved = redistribute(work, receivers, node(0));
        expect(total(moved.work)).toBe(total(work));
        const left = moved.work.find((one) => one.node === node(0))?.units ?? 0;
        expect(left).toBe((work[0]?.units ?? 0) - moved.movedUnits);
        for (const { node: id, units } of work)
          if (id !== node(0)) expect(moved.work.find((one) => one.node === id)?.units).toBeGreaterThanOrEqual(units);
      }),
    );
  });

  it("moves everything where anybody is healthy, and fills nobody beyond capacity while there is room", () => {
    fc.assert(
      fc.property(fleets, ({ work, receivers }) => {
        const moved = redistribute(work, receivers, node(0));
        const others = receivers.filter((one) => one.node !== node(0));
        expect(moved.movedUnits).toBe(others.length === 0 ? 0 : (work[0]?.units ?? 0));
        if (moved.overCapacityUnits > 0) return;
        for (const { node: id, capacity } of others) expect(moved.work.find((one) => one.node === id)?.units ?? 0).toBeLessThanOrEqual(capacity);
      }),
    );
  });

  it("gives each receiver its share to within one unit", () => {
    fc.assert(
      fc.property(fleets, ({ work, receivers }) => {
        const lost = work[0]?.units ?? 0;
        const moved = redistribute(work, receivers, node(0));
        const others = receivers.filter((one) => one.node !== node(0));
        const carried = (id: NodeId) => work.find((one) => one.node === id)?.units ?? 0;
        const room = others.reduce((sum, one) => sum + one.capacity - carried(one.node), 0);
        if (others.length === 0 || room < lost || room === 0) return;
        for (const { node: id, capacity } of others) {
          const gained = (moved.work.find((one) => one.node === id)?.units ?? 0) - carried(id);
          expect(Math.abs(gained - (lost * (capacity - carried(id))) / room)).toBeLessThan(1);
        }
      }),
    );
  });

  it("moves nothing a second time for the same incident", () => {
    const incident = "primary-20261124T000000000" as IncidentId;
    fc.assert(
      fc.property(fleets, ({ work, receivers }) => {
        const first = redistributeOnce({ incident: null, work }, { incident, receivers, lost: node(0) });
        if (first.kind !== "moved") throw new RangeError("the first asks for work to move");
        expect(redistributeOnce({ incident, work: first.redistribution.work }, { incident, receivers, lost: node(0) }).kind).toBe("kept");
      }),
    );
  });

  it("measures fairness between 1/n and 1, and whatever the unit", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 1, max: 100 }),
        (loads, factor) => {
          const index = jainIndex(loads);
          expect(index).toBeGreaterThanOrEqual(1 / loads.length - 1e-9);
          expect(index).toBeLessThanOrEqual(1);
          expect(jainIndex(loads.map((load) => load * factor))).toBeCloseTo(index, 9);
        },
      ),
    );
  });
});

it("sends a lost node's work to the emptier node first", () => {
  const work = [node(1), node(2), node(3)].map((id, index) => ({ node: id, units: [50, 90, 50][index] ?? 0 }));
  const moved = redistribute(
    work,
    [node(2), node(3)].map((id) => ({ node: id, capacity: 100 })),
    node(1),
  );
  expect(moved.work).toEqual([
    { node: "n1", units: 0 },
    { node: "n2", units: 98 },
    { node: "n3", units: 92 },
  ]);
});
