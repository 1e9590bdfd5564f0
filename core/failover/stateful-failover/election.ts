/**
 * Picks the node that a role goes to. Refuses rather than guess: a wrong successor costs another takeover, none costs a
 * person's night, two cost the chain. Every candidate that is passed over gets a reason.
 */
import type { FleetNode } from "../../kernel/fleet.ts";
import type { NodeId } from "../../kernel/ids.ts";
import type { Verdict, VerdictKind } from "../../kernel/node.ts";
import type { Standing } from "../../kernel/records.ts";

export type Candidate = {
  readonly node: Pick<FleetNode, "id" | "zone" | "region" | "client" | "stake">;
  readonly standing: Standing["standing"];
  readonly verdicts: readonly Pick<Verdict, "observer" | "kind" | "confirmed">[];
  /** Its head as it answered just now; null where it did not. */
  readonly head: number | null;
  /** Null where its agent answers; else why it cannot be asked. */
  readonly agentFault: string | null;
};

export type ElectionFacts = {
  readonly candidates: readonly Candidate[];
  /** Who holds (or held) the role, and whether it may be given the role again. */
  readonly holder: { readonly node: Candidate["node"]; readonly mayReturn: boolean } | null;
  /** A person's or a system's wish: this one or none. */
  readonly requested: NodeId | null;
  readonly preferred: NodeId | null;
  readonly burned: readonly NodeId[];
  /** The highest finalized height that any node names; nobody behind it can build on the chain. */
  readonly finalizedHeight: number;
  readonly lagBlocksMax: number;
};

export type PassedOver = { readonly node: NodeId; readonly reason: string };
export type Election =
  | { readonly kind: "elected"; readonly node: NodeId; readonly reason: string; readonly passedOver: readonly PassedOver[] }
  | { readonly kind: "refused"; readonly reason: string; readonly passedOver: readonly PassedOver[] };

/** One observer's word is enough to keep a node out: these are about what it says, not about whether it can be reached. */
const DISTRUSTED: ReadonlySet<VerdictKind> = new Set(["forked", "foreign", "lying"]);
const FIT: ReadonlySet<VerdictKind> = new Set(["healthy", "slow"]);

export function electSuccessor(facts: ElectionFacts): Election {
  const reference = secondHighest(facts.candidates.flatMap(({ head }) => (head === null ? [] : [head])));
  const judged = facts.candidates.map((candidate) => ({ candidate, fault: faultOf(candidate, facts, reference) }));
  const passedOver = judged.flatMap(({ candidate, fault }) => (fault === null ? [] : [{ node: candidate.node.id, reason: fault }]));
  const able = judged.flatMap(({ candidate, fault }) => (fault === null ? [candidate] : [])).toSorted((a, b) => compare(a, b, facts));
  const [best, next] = able;
  if (!best) {
    const why = passedOver.map(({ node, reason }) => `${node}: ${reason}`).join("; ");
    return { kind: "refused", reason: `no member can take the role (${why || "it has no members"})`, passedOver };
  }
  const behind = able.slice(1).map(({ node }) => ({ node: node.id, reason: `${best.node.id} goes before it` }));
  return { kind: "elected", node: best.node.id, reason: reasonFor(best, next, facts), passedOver: [...passedOver, ...behind] };
}

function faultOf(candidate: Candidate, facts: ElectionFacts, reference: number): string | null {
  const { node, head, verdicts } = candidate;
  if (facts.requested !== null && node.id !== facts.requested) return `${facts.requested} was asked for`;
  if (facts.burned.includes(node.id)) return "it was tried in this incident and could not take the role";
  if (node.id === facts.holder?.node.id && !facts.holder.mayReturn) return "the role is being moved away from it";
  if (candidate.standing !== "member") return `its standing is ${candidate.standing}`;
  const distrusted = verdicts.find(({ kind }) => DISTRUSTED.has(kind));
  if (distrusted) return `${distrusted.observer} finds it ${distrusted.kind}`;
  if (verdicts.length > 0 && !verdicts.some(({ kind }) => FIT.has(kind))) {
    return `no observer finds it healthy (${verdicts.map(({ observer, kind }) => `${observer}: ${kind}`).join(", ")})`;
  }
  if (head === null) return "its node does not answer now";
  if (candidate.agentFault !== null) return `its agent cannot be asked: ${candidate.agentFault}`;
  if (head < facts.finalizedHeight) return `its head ${head} is below the finalized height ${facts.finalizedHeight}`;
  if (reference - head > facts.lagBlocksMax) return `it lags by ${reference - head} blocks, ${facts.lagBlocksMax} are allowed`;
  return null;
}

/** The second-highest head, so that one rogue ahead of everybody rules nobody out. */
function secondHighest(heads: readonly number[]): number {
  const sorted = heads.toSorted((a, b) => b - a);
  return sorted[1] ?? sorted[0] ?? 0;
}

/** Each line decides only where all lines above it are equal. Above all stand the doubts: fewer observers that find it unfit. */
function compare(a: Candidate, b: Candidate, facts: ElectionFacts): number {
  const failed = facts.holder?.node;
  const doubts = (one: Candidate): number => one.verdicts.filter(({ kind }) => !FIT.has(kind)).length;
  const away = (one: Candidate): number => (failed && one.node.region !== failed.region ? 2 : failed && one.node.zone !== failed.zone ? 1 : 0);
  const otherClient = (one: Candidate): number => (failed && one.node.client !== failed.client ? 1 : 0);
  return (
    Number(b.node.id === facts.preferred) - Number(a.node.id === facts.preferred) ||
    doubts(a) - doubts(b) ||
    (b.head ?? -1) - (a.head ?? -1) ||
    away(b) - away(a) ||
    otherClient(b) - otherClient(a) ||
    b.node.stake - a.node.stake ||
    (a.node.id < b.node.id ? -1 : 1)
  );
}

function reasonFor(best: Candidate, next: Candidate | undefined, facts: ElectionFacts): string {
  if (facts.requested !== null) return `${best.node.id} was asked for and can take the role at head ${best.head}`;
  if (best.node.id === facts.preferred) return `${best.node.id} is the role's preferred holder, at head ${best.head}`;
  if (!next) return `${best.node.id} is the only member that can take the role, at head ${best.head}`;
  const failed = facts.holder?.node;
  const apart = failed && best.node.zone !== failed.zone ? `, in ${best.node.zone} away from ${failed.id}'s ${failed.zone}` : "";
  return `${best.node.id} goes first at head ${best.head}${apart}; next would be ${next.node.id} at head ${next.head}`;
}
