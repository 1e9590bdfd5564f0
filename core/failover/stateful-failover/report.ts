/**
 * The last word on an incident, in plain words, for someone who reads it the morning after, or at three at night: what
 * happened, what was done, what it cost, and what is left to do.
 */
import type { Incident, IncidentStatus } from "../../kernel/incident.ts";

export type ClosingFacts = {
  readonly incident: Pick<Incident, "id" | "role" | "kind" | "from" | "to" | "reason" | "openedAtMs" | "burned" | "evidence" | "outcome">;
  readonly status: IncidentStatus;
  readonly endedAtMs: number;
  /** Why it ended this way, where the status alone does not say. */
  readonly reason: string | null;
};

export function closingReport(facts: ClosingFacts): string {
  return [whatHappened(facts), whatWasDone(facts), whatIsLeft(facts)].filter((part) => part !== "").join(" ");
}

function whatHappened({ incident }: ClosingFacts): string {
  const { evidence } = incident;
  if (!evidence) return sentence(incident.reason);
  const down = evidence.votes.filter((vote) => vote.down).length;
  return sentence(`${evidence.node} was found ${evidence.verdict} by ${down} votes, ${evidence.needed} of ${evidence.eligible} needed`);
}

function whatWasDone({ incident, status, endedAtMs, reason }: ClosingFacts): string {
  const { outcome, role, from } = incident;
  const seconds = ((endedAtMs - incident.openedAtMs) / 1_000).toFixed(1);
  const tried = incident.burned.length > 0 ? ` ${incident.burned.join(", ")} had been tried before and did not sign.` : "";
  if (status === "resolved" && outcome) {
    const missed = outcome.missedSlots === 1 ? "1 slot was missed" : `${outcome.missedSlots} slots were missed`;
    const moved =
      from === null || from === outcome.holder ? `${role} is held by ${outcome.holder}` : `${role} moved from ${from} to ${outcome.holder}`;
    return `${sentence(`${moved} under epoch ${outcome.epoch}, signing since slot ${outcome.firstSlot}; ${missed}; it took ${seconds} s`)}${tried}`;
  }
  const because = reason === null ? "" : `: ${reason}`;
  const held = outcome ? ` ${role} is held by ${outcome.holder} under epoch ${outcome.epoch}.` : "";
  return `${sentence(`${ENDINGS[status]}${because}`)}${held}${tried}`;
}

const ENDINGS: Record<IncidentStatus, string> = {
  open: "It is still open",
  "awaiting-approval": "It waits for a person",
  resolved: "It was resolved",
  recorded: "Nothing was moved, only recorded",
  rejected: "A person rejected the move",
  expired: "Nobody approved the move in time, so nothing was moved",
  withdrawn: "It was withdrawn and nothing was moved",
  escalated: "It could not be finished by the machine",
};

function whatIsLeft({ incident, status }: ClosingFacts): string {
  const { role, to, kind } = incident;
  if (status === "escalated") return `A person must act: see \`ha incident ${incident.id}\`, then \`ha failover ${role}\`.`;
  if (status === "expired" || status === "rejected") return `To move it after all: \`ha failover ${role}${to ? ` --to ${to}` : ""}\`.`;
  if (status === "recorded" && kind !== "alarm" && to) return `In mode auto, ${role} would have gone to ${to}.`;
  return "";
}

/** Its first word may be a node's or a role's own name, which is never spelled otherwise: so nothing is capitalized. */
const sentence = (text: string): string => `${text.trim().replace(/\.+$/, "")}.`;
