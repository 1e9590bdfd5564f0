import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HALF_RATE_ERROR, World } from "../../support/one-holder-model.ts";

const rate = fc.double({ min: 1 - HALF_RATE_ERROR, max: 1 + HALF_RATE_ERROR, noNaN: true });
const small = fc.nat(50);

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("watch" as const), who: fc.nat(1), clockErrorMs: fc.integer({ min: -20_000, max: 20_000 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("deliver" as const), pick: small, keep: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("ask" as const), who: fc.nat(2), slotOffset: fc.integer({ min: -12, max: 12 }), later: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("sign" as const), pick: small }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.oneof(fc.nat(1_500), fc.nat(11_000)) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("disturb" as const),
      who: fc.nat(2),
      how: fc.constantFrom("pause" as const, "wake" as const, "crash" as const, "restart" as const, "old-disk" as const, "stop-clock" as const),
      pick: small,
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("renewWhole" as const), who: fc.nat(1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("takeOverWhole" as const), who: fc.nat(1), successor: fc.nat(2), rate, acknowledged: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("takeOver" as const), who: fc.nat(1), step: fc.nat(5), successor: fc.nat(2), rate }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function perform(world: World, one: Action): void {
  if (one.do === "watch") world.watch(one.who, one.clockErrorMs);
  else if (one.do === "deliver") world.deliver(one.pick, one.keep);
  else if (one.do === "ask") world.ask(one.who, one.slotOffset, one.later);
  else if (one.do === "sign") world.signPending(one.pick);
  else if (one.do === "advance") world.advance(one.ms);
  else if (one.do === "disturb") world.disturb(one.who, one.how, one.pick);
  else if (one.do === "renewWhole") world.renewWhole(one.who);
  else if (one.do === "takeOverWhole") world.takeOverWhole(one.who, one.successor, one.rate, one.acknowledged);
  else world.takeOver(one.who, one.step, one.successor, one.rate);
}

describe("one holder, under everything that may happen", () => {
  it("never lets two sign one slot, nor two hold a lease at one instant while their clocks run", () => {
    let signed = 0;
    let taken = 0;
    fc.assert(
      fc.property(fc.tuple(rate, rate, rate), fc.array(action, { minLength: 60, maxLength: 220, size: "max" }), (rates, actions) => {
        const world = new World(rates);
        for (const one of actions) {
          perform(world, one);
          expect(world.liveHolders().length).toBeLessThanOrEqual(1);
        }
        signed += world.signatures.length;
        taken += world.epochs.size - 1;
        expect(world.doubleSigned()).toEqual([]);
      }),
      { numRuns: 20_000 },
    );
    // The world is not so hostile that nothing happens in it: the law above would then hold for nothing.
    expect(signed).toBeGreaterThan(15_000);
    expect(taken).toBeGreaterThan(10_000);
  });
});
