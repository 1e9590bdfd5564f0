import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIRST_PACE, type Pace, type PaceDecision, type PaceFacts, paceLedgerRead } from "../../../../core/backup/ledger/pace.ts";
import { compareWithSecond, sampleHeights } from "../../../../core/backup/ledger/second-node.ts";

const LIMITS = { lagBlocksMax: 10, latencyMsMax: 1_000, concurrencyMax: 8, waitMsMin: 500, waitMsMax: 30_000 };
const anyFacts: fc.Arbitrary<PaceFacts> = fc.record({
  lagBlocks: fc.option(fc.integer({ min: 0, max: 30 })),
  latencyMs: fc.option(fc.integer({ min: 0, max: 3_000 })),
  faults: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 })),
});
const GOOD: PaceFacts = { lagBlocks: 0, latencyMs: 20, faults: 0 };
const through = (facts: readonly PaceFacts[], from: Pace = FIRST_PACE): PaceDecision[] => {
  let pace = from;
  return facts.map((each) => {
    const decision = paceLedgerRead(pace, each, LIMITS);
    pace = decision.pace;
    return decision;
  });
};
const lastOf = (decisions: readonly PaceDecision[]): Pace => decisions.at(-1)?.pace ?? FIRST_PACE;
const anyHistory = fc.array(anyFacts, { maxLength: 40 });

describe("the pace of a ledger's reading", () => {
  it("is nothing at all while the node is further behind than allowed, or while nobody can tell", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 11, max: 10_000 }), anyFacts, (history, lag, facts) => {
        const pace = lastOf(through(history));
        for (const lagBlocks of [lag, null]) {
          const decision = paceLedgerRead(pace, { ...facts, lagBlocks }, LIMITS);
          expect(decision).toMatchObject({ kind: "yield", pace: { concurrency: 0 } });
          expect(decision.waitMs).toBeGreaterThanOrEqual(LIMITS.waitMsMin);
        }
      }),
    );
  });

  it("stays within its limits, reads only with a request and stands aside only with a wait", () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { kind, pace, waitMs, reason } of through(history)) {
          expect(pace.concurrency).toBeLessThanOrEqual(LIMITS.concurrencyMax);
          expect(pace.concurrency >= 1).toBe(kind === "read");
          expect(waitMs > 0).toBe(kind === "yield");
          expect(waitMs).toBeLessThanOrEqual(LIMITS.waitMsMax);
          expect(reason.length).toBeGreaterThan(10);
        }
      }),
    );
  });

  it("recovers to its most from anything, one request at a time, once the node keeps up", () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const steps = through(Array(LIMITS.concurrencyMax + 1).fill(GOOD), lastOf(through(history)));
        expect(lastOf(steps).concurrency).toBe(LIMITS.concurrencyMax);
        for (const [index, { pace }] of steps.entries())
          expect(pace.concurrency - (steps[index - 1]?.pace.concurrency ?? pace.concurrency)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("at least halves where the lag grows, a request failed, or the node answers late", () => {
    const bad: PaceFacts[] = [
      { ...GOOD, lagBlocks: 3 },
      { ...GOOD, faults: 1 },
      { ...GOOD, latencyMs: 1_001 },
    ];
    fc.assert(
      fc.property(fc.constantFrom(...bad), fc.integer({ min: 1, max: 8 }), (facts, concurrency) => {
        const { pace } = paceLedgerRead({ concurrency, lagBlocks: 0, yields: 0 }, facts, LIMITS);
        expect(pace.concurrency).toBeLessThanOrEqual(Math.max(1, concurrency / 2));
      }),
    );
  });

  it("begins again only well below the limit at which it stopped", () => {
    const stopped = lastOf(through([{ ...GOOD, lagBlocks: 11 }]));
    expect(paceLedgerRead(stopped, { ...GOOD, lagBlocks: 6 }, LIMITS).kind).toBe("yield");
    expect(paceLedgerRead(stopped, { ...GOOD, lagBlocks: 5 }, LIMITS)).toMatchObject({ kind: "read", pace: { concurrency: 1 } });
  });

  it("doubles its waits while the node refuses even single requests, up to the longest", () => {
    const refusing = Array.from({ length: 24 }, () => ({ ...GOOD, faults: 1 }));
    const waits = through(refusing).flatMap(({ kind, waitMs }) => (kind === "yield" ? [waitMs] : []));
    expect(waits.slice(0, 8)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });
});

describe("a second node", () => {
  const anyRead = fc
    .uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 20 })
    .map((heights) => heights.map((height) => ({ height, hash: `0x${height}` })));

  it("agrees only if it has the last block, and differs at the lowest height at which it does", () => {
    fc.assert(
      fc.property(anyRead, fc.integer({ min: 0, max: 500 }), fc.infiniteStream(fc.boolean()), (read, forkHeight, has) => {
        const second = new Map(read.filter(() => has.next().value).map(({ height, hash }) => [height, height >= forkHeight ? `${hash}f` : hash]));
        const last = Math.max(...read.map(({ height }) => height));
        const differing = [...second.keys()].filter((height) => height >= forkHeight).toSorted((a, b) => a - b);
        const word = compareWithSecond(read, second);
        if (differing[0] !== undefined) expect(word).toMatchObject({ kind: "differ", height: differing[0] });
        else expect(word.kind).toBe(second.has(last) ? "agree" : "second-cannot-tell");
      }),
    );
  });

  it("that was asked nothing cannot tell", () => {
    expect(compareWithSecond([], new Map())).toMatchObject({ kind: "second-cannot-tell" });
  });

  it("is asked at heights that always have the first and the last among them, in order and without repetition", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(5_000), fc.integer({ min: 1, max: 40 }), (from, more, samples) => {
        const heights = sampleHeights(from, from + more, samples);
        expect([heights[0], heights.at(-1)]).toEqual([from, from + more]);
        expect(heights).toEqual([...new Set(heights)].toSorted((a, b) => a - b));
        expect(heights.length).toBeLessThanOrEqual(Math.max(2, samples));
      }),
    );
  });
});
