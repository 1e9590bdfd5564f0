/**
 * Whether a node has failed, as what was foretold of it is held against: every observer that has looked at it lately condemns it. One
 * observer's word is not enough, here as anywhere; and what nobody has looked at is unknown, not well.
 */
import { CONDEMNING, type Verdict } from "../../kernel/node.ts";

/** A verdict is written when it changes and each minute; an older one says nothing of now. */
const VERDICT_MS = 180_000;

export type Failure =
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "well"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

export function judgeFailure(verdicts: readonly Verdict[], nowMs: number): Failure {
  const fresh = verdicts.filter(({ atMs }) => nowMs - atMs < VERDICT_MS);
  const isCondemned = ({ kind, confirmed }: Verdict): boolean => confirmed && CONDEMNING.has(kind);
  if (fresh.length === 0) return { kind: "unknown", reason: "no observer has said anything of it lately" };
  const words = fresh.map(({ observer, kind }) => `${observer} calls it ${kind}`).join(", ");
  return { kind: fresh.every(isCondemned) ? "failed" : "well", reason: words };
}
