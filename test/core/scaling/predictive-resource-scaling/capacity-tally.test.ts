import fc from "fast-check";
import { expect, it } from "vitest";
import { countMinute, EMPTY_TALLY, sharesOf } from "../../../../core/scaling/predictive-resource-scaling/capacity-tally.ts";

const minute = fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 1_000 }));

it("says the share of minutes in which demand was above what was ready, and how much more than the mean demand that was", () => {
  fc.assert(
    fc.property(fc.array(minute, { minLength: 1, maxLength: 200 }), (minutes) => {
      const tally = minutes.reduce((sum, [demand, carried]) => countMinute(sum, demand, carried), EMPTY_TALLY);
      const { short, over } = sharesOf(tally);
      expect(short).toBeCloseTo(minutes.filter(([demand, carried]) => demand > carried).length / minutes.length);
      const sum = (index: 0 | 1) => minutes.reduce((total, each) => total + each[index], 0);
      if (sum(0) === 0) expect(over).toBeNull();
      else expect(over).toBeCloseTo(sum(1) / sum(0) - 1);
    }),
  );
});

it("knows nothing before the first minute, and forgets: a bad fortnight long ago is no share of now", () => {
  expect(sharesOf(EMPTY_TALLY)).toEqual({ short: null, over: null });
  let tally = EMPTY_TALLY;
  for (let index = 0; index < 20_160; index += 1) tally = countMinute(tally, 2, 1);
  expect(sharesOf(tally).short).toBe(1);
  for (let index = 0; index < 60_000; index += 1) tally = countMinute(tally, 1, 2);
  expect(sharesOf(tally).short).toBeLessThan(0.1);
});
