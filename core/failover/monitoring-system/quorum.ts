/**
 * Whether the voters condemn a node. Voters are the fleet's observers and the agents of the other nodes, as the fleet file has
 * them, reachable or not; the subject's own agent may add one vote. A majority of those eligible must say so, never fewer
 * than two, and one of them must be an observer: unreachable from one place is not dead.
 */
import type { Fleet } from "../../kernel/fleet.ts";
import type { NodeId } from "../../kernel/ids.ts";
import type { Evidence, Vote } from "../../kernel/incident.ts";
import type { NetworkState, Verdict } from "../../kernel/node.ts";
import type { ProofOfLife } from "./proof-of-life.ts";
import { rulesOf, verdictAgeMaxMs, wordAgeMaxMs } from "./rules.ts";
import type { ValidatorSilence } from "./validator-silence.ts";
import { observerVotes, type PeerWord, peerVotes, type SelfWord, selfVote, stallCounts } from "./votes.ts";

/** Two voters at least, however small the fleet. */
const VOTES_MIN = 2;

export type QuorumFacts = {
  readonly subject: NodeId;
  /** The newest word of each observer, this one's included. */
  readonly observers: readonly Verdict[];
  readonly peers: readonly PeerWord[];
  readonly self: SelfWord | null;
  readonly fleet: Fleet;
  readonly proofOfLife: ProofOfLife | null;
  readonly network: NetworkState;
  readonly validator: ValidatorSilence;
  /** How long a head may stand still before a peer's word of it counts. */
  readonly stillLimitMs: number;
  readonly nowWallMs: number;
};

export type Quorum =
  | { readonly kind: "condemned"; readonly evidence: Evidence }
  | { readonly kind: "acquitted" | "undecided"; readonly reason: string; readonly votes: readonly Vote[] };

export function votesNeeded(fleet: Fleet): { eligible: number; needed: number } {
  const eligible = fleet.regions.observers.length + fleet.nodes.length - 1;
  return { eligible, needed: Math.max(VOTES_MIN, Math.floor(eligible / 2) + 1) };
}

export function judgeQuorum(facts: QuorumFacts): Quorum {
  const { subject, fleet, proofOfLife } = facts;
  const { eligible, needed } = votesNeeded(fleet);
  const { votes, down, inFavour } = gather(facts);
  const against = votes.filter((vote) => vote.down).length;
  const sum = `${against} of ${eligible} eligible voters say that ${subject} is down, ${needed} are needed`;
  if (proofOfLife) return { kind: "acquitted", reason: proofOfLife.reason, votes };
  const [charge] = down;
  if (charge && against >= needed) {
    const suspectedAtMs = Math.min(...down.map(({ sinceMs }) => sinceMs));
    const evidence: Evidence = {
      node: subject,
      verdict: charge.kind,
      votes,
      needed,
      eligible,
      reason: `${sum}: ${charge.reason}`,
      suspectedAtMs,
      condemnedAtMs: Math.trunc(facts.nowWallMs),
    };
    return { kind: "condemned", evidence };
  }
  if (inFavour > eligible - needed) return { kind: "acquitted", reason: `${sum}, and ${inFavour} say that it is not`, votes };
  return { kind: "undecided", reason: charge ? sum : `${sum}, and no observer is among them`, votes };
}

function gather(facts: QuorumFacts): { votes: Vote[]; down: Verdict[]; inFavour: number } {
  const { subject, fleet, validator } = facts;
  const rules = rulesOf(fleet);
  const freshness = { verdictAgeMaxMs: verdictAgeMaxMs(rules), wordAgeMaxMs: wordAgeMaxMs(rules) };
  const counts = stallCounts(facts.network, validator);
  const observers = observerVotes(facts.observers, {
    subject,
    observers: fleet.regions.observers,
    stallCounts: counts,
    nowWallMs: facts.nowWallMs,
    ...freshness,
  });
  const peers = peerVotes(facts.peers, {
    subject,
    peers: fleet.nodes.map(({ id }) => id).filter((id) => id !== subject),
    charges: new Set(observers.down.map(({ kind }) => kind)),
    stillLimitMs: facts.stillLimitMs,
    ...freshness,
  });
  return {
    votes: [...observers.votes, ...peers, ...selfVote(subject, facts.self, validator, freshness)],
    down: observers.down,
    inFavour: observers.inFavour + peers.filter((vote) => !vote.down).length,
  };
}
