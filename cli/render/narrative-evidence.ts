/**
 * Why it was believed: who saw what, and the quorum's sum written out so that a reader can do it again. The sum is done here
 * from the stored votes, not copied from the stored conclusion; where the two differ, that is the most important line.
 */
import type { Evidence, Vote } from "../../core/kernel/incident.ts";
import { counted, listed } from "./table.ts";
import { offset, span } from "./time.ts";

export type Sum = { readonly down: readonly Vote[]; readonly observersDown: number; readonly silent: number; readonly holds: boolean };

/** Enough votes, one of them an observer's. The node's own agent may add to the votes without being one of the eligible. */
export function sumOf(evidence: Pick<Evidence, "votes" | "needed" | "eligible">): Sum {
  const down = evidence.votes.filter((vote) => vote.down);
  const observersDown = down.filter(({ kind }) => kind === "observer").length;
  const spoke = evidence.votes.filter(({ kind }) => kind !== "self").length;
  return { down, observersDown, silent: Math.max(0, evidence.eligible - spoke), holds: down.length >= evidence.needed && observersDown > 0 };
}

export function seenLines(evidence: Evidence): string[] {
  return evidence.votes
    .toSorted((a, b) => Number(b.down) - Number(a.down) || ORDER[a.kind] - ORDER[b.kind] || (a.voter < b.voter ? -1 : 1))
    .map((vote) => `${vote.down ? "down" : "up  "}  ${nameOf(vote, evidence.node)}: ${vote.reason}`);
}

const ORDER: Record<Vote["kind"], number> = { observer: 0, peer: 1, self: 2 };

function nameOf({ voter, kind }: Vote, subject: string): string {
  if (kind === "observer") return `observer in ${voter}`;
  return kind === "peer" ? `agent of ${voter}` : `${subject}'s own agent`;
}

export function sumLines(evidence: Evidence): string[] {
  const { node, needed, eligible } = evidence;
  const sum = sumOf(evidence);
  const up = evidence.votes.filter(({ down }) => !down);
  const tookMs = evidence.condemnedAtMs - evidence.suspectedAtMs;
  const acquitted = up.length === 0 ? "" : `; ${listed(up.map(shortName))} said that it is not`;
  return [
    `${eligible} may vote: every observer, and the agent of every other node, whether it can be reached or not. ${needed} must say so, an observer among them.`,
    `${counted(sum.down.length, "vote")} said that ${node} is down: ${listed(sum.down.map(shortName))}${acquitted}.${sum.silent === 0 ? "" : ` ${sum.silent} of the ${eligible} said nothing, which counts as no vote.`}`,
    sum.holds
      ? `${sum.down.length} of ${needed} needed: ${node} was condemned as ${evidence.verdict}, ${span(tookMs)} after the first suspicion.`
      : `This does not add up: ${sum.down.length} of ${needed} needed${sum.observersDown === 0 ? ", and no observer among them" : ""}. Report it; nothing should have been moved.`,
  ];
}

const shortName = ({ voter, kind }: Vote): string => (kind === "self" ? "its own agent" : voter);

export const suspicionLine = (evidence: Evidence): string => `${offset(0)} is when the first voter began to suspect ${evidence.node}.`;
