/** Orders that come twice, late and in any order do no more than they said: the laws that every actuator judges by. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CapacityOrder, CapacityOutcome, type Raise, type Seen, sayBriefly, type Unit, type Verdict } from "../../../core/kernel/capacity.ts";
import { judgeRaise, judgeRemoval, judgeVerdict, stayingUnits } from "../../../core/kernel/capacity-rules.ts";

const NOW = 1_700_000_000_000;
const ORDER: CapacityOrder = { reason: "a test", token: "token-0001", notAfterMs: NOW };

const State = fc.constantFrom<Unit["state"]>("starting", "ready", "leaving");
const Group = fc
  .record({ min: fc.nat(4), room: fc.nat(6), over: fc.nat(10), states: fc.array(State, { maxLength: 10 }) })
  .map(({ min, room, over, states }): Seen => {
    const units = states.map((state, index): Unit => ({ id: `u${index}`, state, startedAtMs: null, zone: null }));
    return { kind: "seen", min, max: min + room, desired: min + (over % (room + 1)), units };
  });
type Delivery =
  | { readonly kind: "raise"; readonly raise: Raise }
  | { readonly kind: "remove"; readonly unit: string }
  | { readonly kind: "complete"; readonly unit: string; readonly verdict: Verdict };
const UnitOf = fc.nat(11).map((index) => `u${index}`);
const Deliveries = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("raise" as const), raise: fc.record({ from: fc.nat(12), to: fc.nat(12) }) }),
    fc.record({ kind: fc.constant("remove" as const), unit: UnitOf }),
    fc.record({ kind: fc.constant("complete" as const), unit: UnitOf, verdict: fc.constantFrom<Verdict>("serves", "waits", "abandoned") }),
  ),
  { maxLength: 12 },
) as fc.Arbitrary<Delivery[]>;

/** What an actuator does that does exactly what was judged. */
function deliver(seen: Seen, delivery: Delivery, nowMs = NOW): Seen {
  const become = (id: string, state: Unit["state"]) => seen.units.map((unit) => (unit.id === id ? { ...unit, state } : unit));
  if (delivery.kind === "raise") {
    const judged = judgeRaise(seen, delivery.raise, ORDER, nowMs);
    return judged.kind === "go" ? { ...seen, desired: delivery.raise.to } : seen;
  }
  if (delivery.kind === "remove") {
    const judged = judgeRemoval(seen, delivery.unit, ORDER, nowMs);
    return judged.kind === "go" ? { ...seen, desired: seen.desired - (judged.surplus ? 0 : 1), units: become(delivery.unit, "leaving") } : seen;
  }
  const judged = judgeVerdict(seen, delivery.unit, delivery.verdict, ORDER, nowMs);
  if (judged.kind !== "go" || delivery.verdict === "waits") return seen;
  return { ...seen, units: become(delivery.unit, delivery.verdict === "serves" ? "ready" : "leaving") };
}

describe("any orders in any order", () => {
  test("keep the wanted number within the group's bounds, and none that nobody named begins to leave", () => {
    fc.assert(
      fc.property(Group, Deliveries, (group, deliveries) => {
        const after = deliveries.reduce((seen, delivery) => deliver(seen, delivery), group);
        expect(after.desired).toBeGreaterThanOrEqual(group.min);
        expect(after.desired).toBeLessThanOrEqual(group.max);
        const named = new Set(deliveries.flatMap((delivery) => (delivery.kind === "raise" ? [] : [delivery.unit])));
        const stay = (seen: Seen) => stayingUnits(seen).map(({ id }) => id);
        expect(stay(group).filter((id) => !named.has(id) && !stay(after).includes(id))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("do the same when each comes twice in a row", () => {
    fc.assert(
      fc.property(Group, Deliveries, (group, deliveries) => {
        const once = deliveries.reduce((seen, delivery) => deliver(seen, delivery), group);
        const twice = deliveries.reduce((seen, delivery) => deliver(deliver(seen, delivery), delivery), group);
        expect(twice).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  test("do nothing when they are late, and say in a sentence until when they were good", () => {
    fc.assert(
      fc.property(Group, Deliveries, (group, deliveries) => {
        expect(deliveries.reduce((seen, delivery) => deliver(seen, delivery, NOW + 1), group)).toEqual(group);
      }),
    );
    expect(judgeRaise({ kind: "seen", desired: 1, min: 0, max: 3, units: [] }, { from: 1, to: 2 }, ORDER, NOW + 1)).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("good until 2023-11-14T22:13:20.000Z"),
    });
  });

  test("never take a unit that serves for one that is to be abandoned, nor let one that leaves serve", () => {
    fc.assert(
      fc.property(Group, UnitOf, (group, id) => {
        const unit = group.units.find((one) => one.id === id);
        if (unit?.state === "ready") expect(judgeVerdict(group, id, "abandoned", ORDER, NOW).kind).toBe("refused");
        if (unit === undefined || unit.state === "leaving") expect(judgeVerdict(group, id, "serves", ORDER, NOW).kind).toBe("refused");
      }),
    );
  });
});

test("a reason fits whatever it was made of", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2_000 }), (text) => {
      expect(CapacityOutcome.safeParse({ kind: "refused", reason: sayBriefly(text) }).success).toBe(true);
    }),
  );
});
