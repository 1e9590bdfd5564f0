/** Every settled moment of two weeks comes into exactly one object, whatever was written before and however often vitals come. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refuseKey } from "../../../../core/kernel/vault-keys.ts";
import {
  historyKey,
  keyBefore,
  periodAt,
  periodOf,
  periodOfKey,
  periodsToWrite,
  SETTLED_MS,
} from "../../../../core/prediction/signal-history/history-period.ts";

const HOUR_MS = 3_600_000;
const KEPT_MS = 14 * 24 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 10, 25, 16, 12);
const SUBJECT = { node: "n1", observer: "us-east-1" };

/** Runs before this one, each at its time and with the cadence of then: what they wrote. */
const anyRuns = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 * 24 }), fc.constantFrom(1, 5, 59, 60, 300)), { maxLength: 5 }).map((runs) => {
  const written: string[] = [];
  for (const [hoursAgo, vitalsSeconds] of runs.toSorted(([one], [other]) => other - one)) {
    const planned = periodsToWrite({ nowMs: NOW_MS - hoursAgo * HOUR_MS, vitalsSeconds, keptMs: KEPT_MS, written });
    /** Each run is ended somewhere: it wrote two of three. */
    written.push(...planned.filter((_, index) => index % 3 !== 2).map(({ stamp }) => stamp));
  }
  return written;
});

describe("the periods to write", () => {
  it("never overlap each other or what is written, are over and settled, come in order, and leave nothing out that is still kept", () => {
    fc.assert(
      fc.property(anyRuns, fc.constantFrom(1, 59, 60, 300), (written, vitalsSeconds) => {
        const planned = periodsToWrite({ nowMs: NOW_MS, vitalsSeconds, keptMs: KEPT_MS, written });
        const before = written.flatMap((stamp) => periodOf(stamp) ?? []);
        const all = [...before, ...planned].toSorted((one, other) => one.fromMs - other.fromMs);
        all.forEach((period, index) => void expect(period.fromMs).toBeGreaterThanOrEqual(all[index - 1]?.untilMs ?? 0));
        expect(planned.map(({ stamp }) => stamp)).toEqual(planned.map(({ stamp }) => stamp).toSorted());
        for (const { untilMs } of planned) expect(untilMs + SETTLED_MS).toBeLessThanOrEqual(NOW_MS);
        const open = periodAt(vitalsSeconds < 60 ? "hour" : "day", NOW_MS - SETTLED_MS).fromMs;
        for (let atMs = NOW_MS - KEPT_MS; atMs < Math.min(open, periodAt("day", NOW_MS - SETTLED_MS).fromMs); atMs += HOUR_MS)
          expect(all.filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)).toHaveLength(1);
      }),
      { numRuns: 30 },
    );
  });

  it("are days at a minute's cadence, hours below it, and hours for the rest of a day that was begun by hours", () => {
    const stamps = (vitalsSeconds: number, written: string[] = [], keptMs = 24 * HOUR_MS) =>
      periodsToWrite({ nowMs: NOW_MS, vitalsSeconds, keptMs, written }).map(({ stamp }) => stamp);
    expect(stamps(60)).toEqual(["2026-11-24"]);
    expect(stamps(60, ["2026-11-24"])).toEqual([]);
    expect(stamps(5, [], 2 * HOUR_MS)).toEqual(["2026-11-25t14"]);
    expect(stamps(60, ["2026-11-24t22"], 18 * HOUR_MS)).toEqual(["2026-11-24t23"]);
    expect(stamps(5, ["2026-11-24"], 20 * HOUR_MS)[0]).toBe("2026-11-25t00");
  });
});

describe("a key", () => {
  it("is one that a store takes, tells its period, and stands in order of time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.constantFrom("day", "hour"), fc.integer({ min: 0, max: 4e12 }), (atMs, unit, otherMs) => {
        const period = periodAt(unit, atMs);
        const key = historyKey(SUBJECT, period.stamp);
        refuseKey(key);
        expect(periodOfKey(key)).toEqual({ ...SUBJECT, period });
        const other = periodAt(unit, otherMs);
        expect(key < historyKey(SUBJECT, other.stamp)).toBe(period.fromMs < other.fromMs);
        expect(keyBefore(SUBJECT, atMs) < key).toBe(true);
      }),
    );
  });

  it("that is no period's is known as none", () => {
    for (const stamp of ["2026-02-30", "2026-11-24t24", "2026-11-24T07", "2026-1-1", "", "t07"]) expect(periodOf(stamp), stamp).toBeNull();
    expect(periodOfKey("history/v2/n1/us-east-1/2026-11-24.col")).toBeNull();
    expect(periodOfKey("models/v1/n1")).toBeNull();
  });
});
