/** The order of a trader's acts: stop serving, store, send, serve; and what a crash between any two of them does: nothing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadOf } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import { mayGive, TRADE_RULES } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { Traders } from "../support/traders.ts";

const ids = (traders: Traders): string[] => traders.places.flatMap(({ file }) => file.assigned.map(({ id }) => id));

function canTrade(traders: Traders): boolean {
  const desks = traders.places.map((place) => traders.diskOf(place).desk);
  return desks.some((from) =>
    desks.some((to) => from !== to && from.work.some(({ units }) => mayGive(loadOf(from), loadOf(to), units, TRADE_RULES.marginShare))),
  );
}

const units = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 });

describe("laws", () => {
  test("whatever crashes, is lost or fails: no item is served twice, or where it is not on the disk, and each belongs to exactly one node", async () => {
    const troubles = fc.record({
      fuses: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }),
      loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(units, { minLength: 2, maxLength: 4 }), troubles, fc.integer(), async (assigned, { fuses, loss }, seed) => {
        const traders = new Traders(assigned, seed);
        await traders.playRound();
        Object.assign(traders, { loss, hookFails: loss / 2 });
        for (const fuse of fuses) {
          traders.fuse = fuse;
          await traders.playRound();
          for (const id of ids(traders)) expect(traders.ownersOf(id), id).toBe(1);
        }
        Object.assign(traders, { loss: 0, hookFails: 0, fuse: null });
        for (let round = 0; round < 60 && (round < 4 || canTrade(traders)); round += 1) await traders.playRound();
        expect(canTrade(traders)).toBe(false);
        expect(traders.places.flatMap(({ served }) => served.map(({ id }) => id)).toSorted()).toEqual(ids(traders).toSorted());
      }),
      { numRuns: 60 },
    );
  });
});

describe("a hand-over", () => {
  const begun = async (): Promise<Traders> => {
    const traders = new Traders([[10, 10, 10, 10], []]);
    for (const place of traders.places) await traders.start(place);
    await traders.playRound();
    return traders;
  };

  test("is stopped, then stored, then said by the giver; stored, then said, then served by the taker", async () => {
    const traders = new Traders([[10, 10, 10, 10], []]);
    for (const place of traders.places) await traders.start(place);
    traders.acts.length = 0;
    await traders.playRound();
    const acts = traders.acts.join(", ");
    expect(acts).toContain("n0 serve, n0 served, n0 save, n0 saved, n0 send, n1 save, n1 saved, n1 send, n1 serve, n1 served");
    expect(traders.places.map(({ served }) => served.length)).toEqual([2, 2]);
  });

  test.each(Array.from({ length: 24 }, (_, index) => index + 1))(
    "that is cut short by a crash at act %i is ended after the restart",
    async (fuse) => {
      const traders = new Traders([[10, 10, 10, 10], []]);
      for (const place of traders.places) await traders.start(place);
      traders.fuse = fuse;
      for (let round = 0; round < 4; round += 1) await traders.playRound();
      expect(traders.places.map(({ served }) => served.length)).toEqual([2, 2]);
    },
  );

  test("does not begin while what is to leave cannot be stopped", async () => {
    const traders = new Traders([[10, 10, 10, 10], []]);
    for (const place of traders.places) await traders.start(place);
    traders.hookFails = 1;
    await traders.playRound();
    expect(traders.places.map((place) => traders.diskOf(place).desk.work.length)).toEqual([4, 0]);
    traders.hookFails = 0;
    await traders.playRound();
    await traders.playRound();
    expect(traders.places.map(({ served }) => served.length)).toEqual([2, 2]);
  });

  test("is of a new epoch after each start", async () => {
    const traders = await begun();
    const [first] = traders.places;
    if (!first) throw new Error("no place");
    const before = traders.diskOf(first).desk.epoch;
    await traders.start(first);
    expect(traders.diskOf(first).desk.epoch).toBe(before + 1);
  });
});

test("a desk that cannot be stored ends trading, and says why", async () => {
  const traders = new Traders([[10, 10, 10, 10], []]);
  for (const place of traders.places) await traders.start(place);
  const [first] = traders.places;
  const trader = first?.trader;
  if (!first || !trader) throw new Error("no trader");
  Object.defineProperty(first, "disk", {
    get: () => JSON.stringify({ desk: { node: "n0", capacityUnits: 100, epoch: 1, work: [], given: 0, giving: null, answered: {} } }),
    set: () => {
      throw new Error("no space left on the device");
    },
  });
  expect(await trader.beginRound()).toBeNull();
  expect(trader.shutReason()).toMatch(/no space left/);
  expect(first.served).toEqual([]);
});
