import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BaseDecision, findBase } from "../../../../core/backup/ledger/base.ts";
import { chainSegments } from "../../../../core/backup/ledger/chain.ts";
import type { SegmentSpan } from "../../../../core/backup/ledger/segment.ts";

const hashAt = (height: number, fork = 0): string => `0x${height.toString(16).padStart(8, "0")}${fork.toString(16).padStart(56, "0")}`;
const spans = (from: number, sizes: readonly number[]): SegmentSpan[] => {
  let next = from;
  return sizes.map((size) => {
    const span = { from: next, to: next + size - 1, firstParentHash: hashAt(next - 1), lastHash: hashAt(next + size - 1) };
    next += size;
    return span;
  });
};
const anySpans = fc
  .tuple(fc.integer({ min: 1, max: 10_000 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 8 }))
  .map(([from, sizes]) => spans(from, sizes));
const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new RangeError("absent");
  return value;
};

describe("segments in a row", () => {
  it("are one chain in whatever order they are given", () => {
    fc.assert(
      fc.property(anySpans, fc.infiniteStream(fc.nat()), (stored, chance) => {
        const shuffled = stored.map((span) => ({ span, key: chance.next().value })).toSorted((a, b) => a.key - b.key);
        const chained = chainSegments(shuffled.map(({ span }) => span));
        const span = { from: present(stored[0]).from, to: present(stored.at(-1)).to };
        expect(chained).toMatchObject({ kind: "chained", segments: stored.length, span });
      }),
    );
  });

  it("with one taken out, doubled or of another chain are broken exactly there", () => {
    fc.assert(
      fc.property(anySpans, fc.nat(), (stored, place) => {
        const index = 1 + (place % (stored.length - 1));
        const at = present(stored[index]);
        const foreign = { ...at, firstParentHash: hashAt(at.from - 1, 9) };
        expect(chainSegments(stored.with(index, foreign))).toMatchObject({ kind: "broken", break: "parent-link", index, height: at.from });
        expect(chainSegments([...stored, at])).toMatchObject({ kind: "broken", break: "overlap", index: index + 1, height: at.from });
        const gapped = chainSegments(stored.toSpliced(index, 1));
        if (index < stored.length - 1) expect(gapped).toMatchObject({ kind: "broken", break: "gap", height: at.to + 1 });
        else expect(gapped.kind).toBe("chained");
      }),
    );
  });

  it("that are none at all are empty, and one that ends before it begins is reversed", () => {
    expect(chainSegments([])).toMatchObject({ kind: "empty" });
    expect(chainSegments([{ from: 5, to: 4, firstParentHash: hashAt(4), lastHash: hashAt(4) }])).toMatchObject({ kind: "broken", break: "reversed" });
  });
});

/** The node's hashes at the ends of segments: `shared` of them as stored, the rest its own. */
const viewOf = (stored: readonly SegmentSpan[], shared: number, finalizedHeight: number) => ({
  finalizedHeight,
  hashes: new Map(stored.map(({ to, lastHash }, index) => [to, index < shared ? lastHash : hashAt(to, 1)])),
});

describe("the base", () => {
  it("is intact where the node has the last stored block, and begins at the first segment that differs where it has not", () => {
    fc.assert(
      fc.property(anySpans, fc.nat(), (stored, place) => {
        const shared = place % (stored.length + 1);
        const last = present(stored.at(-1)).to;
        const decision = findBase(stored, viewOf(stored, shared, last));
        if (shared === stored.length) return void expect(decision).toMatchObject({ kind: "intact", through: last });
        expect(decision).toMatchObject({ kind: "new-base", from: present(stored[shared]).from, sharedThrough: stored[shared - 1]?.to ?? null });
        expect(decision.kind === "new-base" && decision.stale).toEqual(stored.slice(shared));
      }),
    );
  });

  it("never moves by a block that the node does not call final", () => {
    fc.assert(
      fc.property(anySpans, fc.nat(), fc.integer({ min: 0, max: 11_000 }), (stored, place, finalized) => {
        const decision = findBase(stored, viewOf(stored, place % (stored.length + 1), finalized));
        if (decision.kind === "new-base") expect(present(decision.stale[0]).to).toBeLessThanOrEqual(finalized);
        if (decision.kind === "intact") expect(present(stored.at(-1)).to).toBeLessThanOrEqual(finalized);
      }),
    );
  });

  it("is never decided by a guess: with heights unanswered it asks for some of them until it can tell", () => {
    fc.assert(
      fc.property(anySpans, fc.nat(), fc.infiniteStream(fc.boolean()), (stored, place, answers) => {
        const last = present(stored.at(-1)).to;
        const whole = viewOf(stored, place % (stored.length + 1), last);
        const known = new Map([...whole.hashes].filter(() => answers.next().value));
        let decision: BaseDecision = findBase(stored, { ...whole, hashes: known });
        for (let round = 0; decision.kind === "cannot-tell"; round += 1) {
          expect(decision.ask.length).toBeGreaterThan(0);
          expect(round).toBeLessThan(stored.length + 1);
          for (const height of decision.ask) known.set(height, present(whole.hashes.get(height)));
          decision = findBase(stored, { ...whole, hashes: known });
        }
        expect(decision).toEqual(findBase(stored, whole));
      }),
    );
  });

  it("of a node that has a stored block above another of its own contradicts itself", () => {
    const stored = spans(1, [10, 10, 10]);
    const view = viewOf(stored, 3, 30);
    view.hashes.set(20, hashAt(20, 1));
    expect(findBase(stored, view)).toMatchObject({ kind: "contradictory" });
  });

  it("is intact where nothing is stored", () => {
    expect(findBase([], { finalizedHeight: 100, hashes: new Map() })).toMatchObject({ kind: "intact", through: null });
  });
});
