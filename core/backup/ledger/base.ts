/**
 * Whether what is stored is still the node's history. Everything stored was final when it was read, so a difference means
 * that finality was broken, or that the node is another chain's: rare enough that nothing is concluded from a block which
 * the node does not itself call final. Where they differ, a new base begins at the lowest segment that does, beside the
 * old one: nothing stored is overwritten, and the two are never chained.
 */
import { byHeight } from "./chain.ts";
import type { SegmentSpan } from "./segment.ts";

/** The node's hashes at the heights at which stored segments end; heights it was not asked for, or did not answer, are absent. */
export type HistoryView = { readonly finalizedHeight: number; readonly hashes: ReadonlyMap<number, string> };

export type BaseDecision =
  | { readonly kind: "intact"; readonly through: number | null; readonly reason: string }
  | {
      readonly kind: "new-base";
      readonly from: number;
      /** The last block that both histories have; null where they share none that is stored. */
      readonly sharedThrough: number | null;
      readonly stale: readonly SegmentSpan[];
      readonly reason: string;
    }
  /** `ask`: the heights whose hashes would decide it; none where only the node's finality can. */
  | { readonly kind: "cannot-tell"; readonly ask: readonly number[]; readonly reason: string }
  | { readonly kind: "contradictory"; readonly reason: string };

export function findBase(stored: readonly SegmentSpan[], view: HistoryView): BaseDecision {
  const ordered = stored.toSorted(byHeight);
  const final = ordered.filter(({ to }) => to <= view.finalizedHeight);
  const verdicts = final.map((segment) => verdictOn(segment, view));
  const differing = verdicts.indexOf("differs");
  const agreeing = verdicts.lastIndexOf("agrees");
  if (differing !== -1 && agreeing > differing) {
    const [below, above] = [final[differing]?.to, final[agreeing]?.to];
    return { kind: "contradictory", reason: `the node has the stored block ${above} and another ${below} below it, which no chain of hashes can` };
  }
  if (differing === -1) return withoutDifference(ordered, final, verdicts, view);
  const unasked = final.slice(agreeing + 1, differing).map(({ to }) => to);
  if (unasked.length > 0) {
    return { kind: "cannot-tell", ask: unasked, reason: `block ${final[differing]?.to} differs; where that begins is between ${unasked.join(", ")}` };
  }
  return newBase(ordered, final[agreeing], differing, view);
}

type Verdict = "agrees" | "differs" | "unknown";

function verdictOn({ to, lastHash }: SegmentSpan, { hashes }: HistoryView): Verdict {
  const hash = hashes.get(to);
  return hash === undefined ? "unknown" : hash === lastHash ? "agrees" : "differs";
}

function withoutDifference(
  ordered: readonly SegmentSpan[],
  final: readonly SegmentSpan[],
  verdicts: readonly Verdict[],
  view: HistoryView,
): BaseDecision {
  const last = ordered.at(-1);
  if (last === undefined) return { kind: "intact", through: null, reason: "nothing is stored yet" };
  if (final.length < ordered.length) {
    const reason = `stored through block ${last.to}, the node calls ${view.finalizedHeight} final: it is behind, and nothing above that is concluded`;
    return { kind: "cannot-tell", ask: [], reason };
  }
  // One agreeing hash proves all that is below it: it is made of them.
  if (verdicts.at(-1) === "agrees")
    return { kind: "intact", through: last.to, reason: `the node has the stored block ${last.to}, and so all below it` };
  return { kind: "cannot-tell", ask: [last.to], reason: `the node did not say which block ${last.to} it has` };
}

function newBase(ordered: readonly SegmentSpan[], shared: SegmentSpan | undefined, differing: number, view: HistoryView): BaseDecision {
  const stale = ordered.slice(differing);
  const [first] = stale;
  if (first === undefined) return { kind: "cannot-tell", ask: [], reason: "nothing stored differs" };
  const why = `the node calls ${view.hashes.get(first.to)} final at ${first.to}, stored is ${first.lastHash}: finality was broken, or it is another chain`;
  return {
    kind: "new-base",
    from: first.from,
    sharedThrough: shared?.to ?? null,
    stale,
    reason: `${why}. A new base begins at block ${first.from}; ${stale.length} segments are kept beside it.`,
  };
}
