/**
 * From what was said to votes. A word counts only while it is fresh: another observer's verdict for three of its refreshes,
 * an agent's word for three cadences since it looked. Whoever said nothing, or said it too long ago, has not voted.
 */
import type { PeerView, Report } from "../../kernel/agent-protocol.ts";
import type { Vote } from "../../kernel/incident.ts";
import { CONDEMNING, type NetworkState, type Verdict, type VerdictKind } from "../../kernel/node.ts";
import type { ValidatorSilence } from "./validator-silence.ts";

export type PeerWord = {
  readonly peer: string;
  readonly view: PeerView;
  /** Since the report that holds the view was heard; the view's own age comes on top. */
  readonly heardMsAgo: number;
};
export type SelfWord = { readonly kind: Report["self"]["kind"]; readonly heardMsAgo: number };

export type Freshness = { readonly verdictAgeMaxMs: number; readonly wordAgeMaxMs: number };

/** In a halted network standing still is nobody's fault, unless the holder's validator alone fell silent. */
export function stallCounts(network: NetworkState, validator: ValidatorSilence): boolean {
  return network !== "halted" || validator.kind === "silent";
}

export function observerVotes(
  verdicts: readonly Verdict[],
  given: { subject: string; observers: readonly string[]; stallCounts: boolean; nowWallMs: number } & Freshness,
): { votes: Vote[]; down: Verdict[]; inFavour: number } {
  const newest = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    // Region clocks differ, so a verdict "from the future" is as stale as one equally far in the past.
    const fresh = Math.abs(given.nowWallMs - verdict.atMs) <= given.verdictAgeMaxMs;
    const known = newest.get(verdict.observer);
    if (fresh && verdict.node === given.subject && given.observers.includes(verdict.observer) && !(known && known.atMs >= verdict.atMs)) {
      newest.set(verdict.observer, verdict);
    }
  }
  const heard = [...newest.values()];
  const isDown = ({ kind, confirmed }: Verdict) => confirmed && CONDEMNING.has(kind) && (kind !== "stalled" || given.stallCounts);
  const votes = heard.map(
    (verdict): Vote => ({
      voter: verdict.observer,
      kind: "observer",
      down: isDown(verdict),
      reason: `${verdict.kind}${verdict.confirmed ? "" : " (not confirmed)"}: ${verdict.reason}`,
    }),
  );
  // A doubt that does not count against the node is no word for it either.
  return { votes, down: heard.filter(isDown), inFavour: heard.filter(({ kind }) => !CONDEMNING.has(kind)).length };
}

/**
 * A peer's word against the subject: it cannot reach it, or its blocks disagree. That the subject's head stands still counts
 * only where that is what the observers charge it with.
 */
export function peerVotes(
  words: readonly PeerWord[],
  given: { subject: string; peers: readonly string[]; charges: ReadonlySet<VerdictKind>; stillLimitMs: number } & Freshness,
): Vote[] {
  const votes = new Map<string, Vote>();
  for (const { peer, view, heardMsAgo } of words) {
    if (view.node !== given.subject || !given.peers.includes(peer) || view.ageMs + heardMsAgo > given.wordAgeMaxMs) continue;
    votes.set(peer, { voter: peer, kind: "peer", ...wordOf(view, given) });
  }
  return [...votes.values()];
}

function wordOf(view: PeerView, given: { charges: ReadonlySet<VerdictKind>; stillLimitMs: number }): { down: boolean; reason: string } {
  if (!view.reachable) return { down: true, reason: `cannot reach it for ${Math.round(view.unreachableForMs)} ms` };
  if (view.agrees === false) return { down: true, reason: "its block at the same height is another than its own" };
  if (given.charges.has("stalled") && view.stalledForMs >= given.stillLimitMs) {
    return { down: true, reason: `its head has stood still for ${Math.round(view.stalledForMs)} ms` };
  }
  return { down: false, reason: `reaches it${view.head === null ? "" : `, head ${view.head}`}` };
}

/** The subject's own agent may only add a vote against the node beside it; that it answers proves little and counts for nothing. */
export function selfVote(subject: string, word: SelfWord | null, validator: ValidatorSilence, { wordAgeMaxMs }: Freshness): Vote[] {
  const voter = { voter: subject, kind: "self" as const, down: true };
  if (validator.kind === "silent") return [{ ...voter, reason: validator.reason }];
  if (word === null || word.heardMsAgo > wordAgeMaxMs) return [];
  if (word.kind !== "refusing" && word.kind !== "silent") return [];
  return [{ ...voter, reason: `its own agent says that the node beside it is ${word.kind}` }];
}
