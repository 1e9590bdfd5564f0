import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SEGMENT_BLOCKS_MAX } from "../../../../core/backup/ledger/limits.ts";
import { type LedgerPlan, type PlannedSegment, planSegments } from "../../../../core/backup/ledger/plan.ts";
import type { SegmentSpan } from "../../../../core/backup/ledger/segment.ts";

const hashAt = (height: number): string => `0x${height.toString(16).padStart(64, "0")}`;
const done = ({ from, to }: PlannedSegment): SegmentSpan => ({ from, to, firstParentHash: hashAt(from - 1), lastHash: hashAt(to) });
/** What is stored once some of a plan was carried out, a whole segment in the place of the short one that it holds. */
const storedAfter = (stored: readonly SegmentSpan[], plan: LedgerPlan, carriedOut = Number.POSITIVE_INFINITY): SegmentSpan[] => {
  if (plan.kind !== "plan") return [...stored];
  const fresh = plan.segments.slice(0, carriedOut).map(done);
  return [...stored.filter(({ from }) => !fresh.some((segment) => segment.from === from)), ...fresh];
};
const anyFacts = fc.record({
  from: fc.integer({ min: 0, max: 100 }),
  blocks: fc.integer({ min: 0, max: 300 }),
  blocksPerSegment: fc.integer({ min: 1, max: 40 }),
});

/** Runs plans until nothing is left, each stopped after a few segments. */
function carryOut(
  from: number,
  finalized: number,
  blocksPerSegment: number,
  stops: Iterator<number>,
  begun: readonly SegmentSpan[] = [],
): SegmentSpan[] {
  let stored = [...begun];
  for (let round = 0; round < 1_000; round += 1) {
    const plan = planSegments({ from, finalized, blocksPerSegment, stored, segmentsMax: 7 });
    if (plan.kind === "refused") throw new RangeError(plan.reason);
    if (plan.kind === "complete") return stored;
    stored = storedAfter(stored, plan, stops.next().value);
  }
  throw new RangeError("it does not end");
}

describe("a plan of segments", () => {
  it("covers each final block once, whenever and however often it is stopped", () => {
    fc.assert(
      fc.property(anyFacts, fc.infiniteStream(fc.integer({ min: 1, max: 5 })), ({ from, blocks, blocksPerSegment }, stops) => {
        const finalized = from + blocks;
        const stored = carryOut(from, finalized, blocksPerSegment, stops);
        const covered = stored.flatMap((segment) => Array.from({ length: segment.to - segment.from + 1 }, (_, index) => segment.from + index));
        expect(covered.toSorted((a, b) => a - b)).toEqual(Array.from({ length: blocks + 1 }, (_, index) => from + index));
      }),
    );
  });

  it("is the same for whoever plans again, and empty once it was carried out", () => {
    fc.assert(
      fc.property(anyFacts, ({ from, blocks, blocksPerSegment }) => {
        const facts = { from, finalized: from + blocks, blocksPerSegment, segmentsMax: 1_000 };
        const plan = planSegments({ ...facts, stored: [] });
        expect(planSegments({ ...facts, stored: [] })).toEqual(plan);
        expect(planSegments({ ...facts, stored: storedAfter([], plan) }).kind).toBe("complete");
        const halfway = planSegments({ ...facts, stored: storedAfter([], plan, 2) });
        if (plan.kind === "plan" && halfway.kind === "plan") expect(halfway.segments).toEqual(plan.segments.slice(2));
      }),
    );
  });

  it("cuts at the same heights after the chain has grown: only a short last segment is replaced, by one that holds it", () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: 1, max: 200 }), fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (facts, grown, stops) => {
        const { from, blocks, blocksPerSegment } = facts;
        const stored = carryOut(from, from + blocks, blocksPerSegment, stops);
        const plan = planSegments({ from, finalized: from + blocks + grown, blocksPerSegment, stored, segmentsMax: 1_000 });
        if (plan.kind !== "plan") throw new RangeError(plan.reason);
        expect(plan.superseded.length).toBeLessThanOrEqual(1);
        for (const short of plan.superseded) {
          expect(short.to - short.from + 1).toBeLessThan(blocksPerSegment);
          expect(plan.segments[0]).toMatchObject({ from: short.from });
        }
        for (const { from: start } of plan.segments) expect((start - from) % blocksPerSegment).toBe(0);
      }),
    );
  });

  it("of a node that is behind what is stored takes nothing back", () => {
    const stored = carryOut(0, 95, 10, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1][Symbol.iterator]());
    expect(planSegments({ from: 0, finalized: 42, blocksPerSegment: 10, stored })).toMatchObject({ kind: "complete" });
    expect(planSegments({ from: 100, finalized: 42, blocksPerSegment: 10, stored: [] })).toMatchObject({ kind: "complete" });
  });

  it("is limited, and says how much it leaves", () => {
    expect(planSegments({ from: 0, finalized: 999, blocksPerSegment: 10, stored: [], segmentsMax: 3 })).toMatchObject({
      kind: "plan",
      segments: [
        { from: 0, to: 9 },
        { from: 10, to: 19 },
        { from: 20, to: 29 },
      ],
      left: 97,
    });
  });

  it("is refused on segments that were cut otherwise, on two for one height, and on a broken link", () => {
    const refused = (stored: readonly SegmentSpan[]) => planSegments({ from: 0, finalized: 99, blocksPerSegment: 10, stored }).kind;
    expect(refused([done({ from: 5, to: 9 })])).toBe("refused");
    expect(refused([done({ from: 0, to: 19 })])).toBe("refused");
    expect(refused([done({ from: 0, to: 9 }), done({ from: 0, to: 8 })])).toBe("refused");
    expect(refused([done({ from: 0, to: 9 }), { ...done({ from: 10, to: 19 }), firstParentHash: hashAt(4_000) }])).toBe("refused");
    expect(refused([done({ from: 0, to: 9 }), done({ from: 50, to: 59 })])).toBe("plan");
    expect(planSegments({ from: 0, finalized: 9, blocksPerSegment: SEGMENT_BLOCKS_MAX + 1, stored: [] }).kind).toBe("refused");
    expect(planSegments({ from: -1, finalized: 9, blocksPerSegment: 1, stored: [] }).kind).toBe("refused");
  });
});
