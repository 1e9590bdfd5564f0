/** Retention never takes the last good copy away. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideRetention } from "../../../../core/backup/vault/retention.ts";

const DAY_MS = 86_400_000;
const anyBackups = fc
  .uniqueArray(
    fc.record({ sequence: fc.integer({ min: 1, max: 200 }), writtenAtMs: fc.integer({ min: 0, max: 400 * DAY_MS }), isProven: fc.boolean() }),
    {
      selector: ({ sequence }) => sequence,
      maxLength: 30,
    },
  )
  .map((backups) => backups.toSorted((left, right) => left.sequence - right.sequence));
const anyRule = fc.record({ countMin: fc.integer({ min: 0, max: 10 }), ageMs: fc.integer({ min: 0, max: 400 * DAY_MS }) });

describe("retention", () => {
  it("decides on every backup, keeps the newest, the count and the young, and removes nothing while nothing that stays is proven", () => {
    fc.assert(
      fc.property(anyBackups, anyRule, fc.integer({ min: 0, max: 500 * DAY_MS }), (backups, rule, nowMs) => {
        const { keep, remove } = decideRetention(backups, rule, nowMs);
        const kept = new Set(keep.map(({ sequence }) => sequence));
        expect([...kept, ...remove.map(({ sequence }) => sequence)].toSorted((a, b) => a - b)).toEqual(backups.map(({ sequence }) => sequence));
        const newestFirst = backups.toReversed();
        for (const { sequence } of newestFirst.slice(0, Math.max(1, rule.countMin))) expect(kept.has(sequence)).toBe(true);
        for (const { sequence, writtenAtMs } of backups) if (nowMs - writtenAtMs <= rule.ageMs) expect(kept.has(sequence)).toBe(true);
        const newestProven = newestFirst.find(({ isProven }) => isProven);
        if (newestProven) expect(kept.has(newestProven.sequence)).toBe(true);
        if (remove.length > 0) expect(backups.some(({ sequence, isProven }) => isProven && kept.has(sequence))).toBe(true);
      }),
    );
  });

  it("removes what is old, beyond the count, and backed by a proven one that stays", () => {
    const backups = [1, 2, 3, 4].map((sequence) => ({ sequence, writtenAtMs: sequence * DAY_MS, isProven: sequence === 3 }));
    const { remove } = decideRetention(backups, { countMin: 1, ageMs: 0 }, 10 * DAY_MS);
    expect(remove.map(({ sequence }) => sequence)).toEqual([2, 1]);
    expect(
      decideRetention(
        backups.map((each) => ({ ...each, isProven: false })),
        { countMin: 1, ageMs: 0 },
        10 * DAY_MS,
      ).remove,
    ).toEqual([]);
  });
});
