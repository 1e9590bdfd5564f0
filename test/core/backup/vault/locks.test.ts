/** A lock that is extended in time, whatever the age of an object and whenever runs come. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { locksDue } from "../../../../core/backup/vault/locks.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

it("never lets an object that is still needed lie unlocked, though any one run of two is missed", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.boolean(), { minLength: 50, maxLength: 300 }),
      (days, everyHours, misses) => {
        const lockMs = days * DAY_MS;
        const everyMs = everyHours * HOUR_MS;
        let lockedUntilMs = lockMs;
        let hasMissed = false;
        for (let run = 1; run <= misses.length; run += 1) {
          const nowMs = run * everyMs;
          expect(lockedUntilMs).toBeGreaterThan(nowMs - everyMs);
          const isMissed: boolean = misses[run - 1] === true && !hasMissed;
          hasMissed = isMissed;
          if (!isMissed && locksDue([{ key: "a", modifiedMs: 0 }], { nowMs, everyMs, lockMs }).length > 0) lockedUntilMs = nowMs + lockMs;
        }
      },
    ),
  );
});

it("asks for each lock no more than six times in the time that it lasts", () => {
  const lockMs = 30 * DAY_MS;
  /** Twice at each third, and the second of the last comes after it. */
  let asked = 0;
  for (let nowMs = 12 * HOUR_MS; nowMs <= lockMs; nowMs += 12 * HOUR_MS)
    asked += locksDue([{ key: "a", modifiedMs: 0 }], { nowMs, everyMs: 12 * HOUR_MS, lockMs }).length;
  expect(asked).toBe(5);
});

it("leaves what was stored since the last third alone", () => {
  expect(locksDue([{ key: "young", modifiedMs: 0 }], { nowMs: DAY_MS, everyMs: 12 * HOUR_MS, lockMs: 30 * DAY_MS })).toEqual([]);
});
