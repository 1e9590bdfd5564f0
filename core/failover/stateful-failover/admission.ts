/**
 * May this incident be acted on, now, by a machine? Mode, budget, cooldown and the share of the fleet that is out, in one
 * decision with its reason. Automation obeys every limit; a person's own request passes budget and cooldown, since those
 * exist to make a person look, but nothing here touches the lease: safety is not a policy.
 */
import type * as z from "zod";
import type { Fleet } from "../../kernel/fleet.ts";
import type { IncidentId, NodeId, RoleName } from "../../kernel/ids.ts";
import type { Incident } from "../../kernel/incident.ts";
import type { Mode } from "../../kernel/mode.ts";
import type { FailoverLedger } from "../../kernel/records.ts";

export type Ledger = z.infer<typeof FailoverLedger>;
type Policy = Fleet["policies"]["failover"];
/** Who asks: our own watchers, another system by an event, or a person by the CLI or the console. */
export type Asker = "automation" | "system" | "person";

export type AdmissionFacts = {
  readonly incident: IncidentId;
  readonly role: RoleName;
  readonly kind: Incident["kind"];
  readonly asker: Asker;
  /** The role has lost its holder to an earlier move that was not finished. */
  readonly finishing: boolean;
  readonly mode: Mode;
  readonly nowMs: number;
  readonly ledger: Ledger;
  readonly policy: Policy;
  /** Nodes that are out, the one that is condemned now included, and all nodes of the fleet. */
  readonly outCount: number;
  readonly nodeCount: number;
  /** Members whose agents cannot say what they were granted; only asked where no lease can be trusted. */
  readonly unasked: readonly NodeId[];
};

export type Admission = {
  readonly kind: "proceed" | "approve" | "record" | "escalate";
  readonly reason: string;
  /** Set where a limit of the budget stands in the way, for the metric. */
  readonly budgetSpent: boolean;
};

const HOUR_MS = 3_600_000;

/** Only what a machine decided counts: a person's request, the first holder of a role and the rest of a counted move use up nothing. */
export function countsAgainstBudget(facts: Pick<AdmissionFacts, "asker" | "kind" | "finishing">): boolean {
  return facts.asker !== "person" && facts.kind !== "establish" && !facts.finishing;
}

export function admit(facts: AdmissionFacts): Admission {
  const { mode, unasked } = facts;
  const answer = (kind: Admission["kind"], reason: string, budgetSpent = false): Admission => ({ kind, reason, budgetSpent });
  const unknown = `the agents of ${unasked.join(", ")} cannot say which slots they were granted; a person must say that they are gone`;
  if (facts.asker === "person") return unasked.length > 0 ? answer("approve", unknown) : answer("proceed", "a person asked for it");
  if (mode === "shadow" || mode === "recommend") return answer("record", `the role's mode is ${mode}: nothing is moved`);
  const limit = countsAgainstBudget(facts) ? limitReached(facts) : null;
  if (mode === "approve") {
    const notes = [...(limit === null ? [] : [limit.reason]), ...(unasked.length > 0 ? [unknown] : [])].map((note) => `; note that ${note}`);
    return answer("approve", `the role's mode is approve: a person decides${notes.join("")}`, limit?.budgetSpent ?? false);
  }
  if (limit !== null) return answer("escalate", limit.reason, limit.budgetSpent);
  if (unasked.length > 0) return answer("approve", unknown);
  return answer("proceed", "the role's mode is auto and the budget allows it");
}

function limitReached(facts: AdmissionFacts): { reason: string; budgetSpent: boolean } | null {
  const { policy, nowMs, role } = facts;
  const others = facts.ledger.recent.filter((entry) => entry.incident !== facts.incident);
  const share = facts.outCount / facts.nodeCount;
  if (share > policy.outShareMax) {
    const allowed = Math.floor(policy.outShareMax * facts.nodeCount);
    return { reason: `${facts.outCount} of ${facts.nodeCount} nodes are out, automation stops above ${allowed}`, budgetSpent: false };
  }
  const atOnce = others.filter((entry) => entry.endedAtMs === null && nowMs - entry.atMs < policy.incidentOpenSecondsMax * 1_000);
  if (atOnce.length >= policy.atOnceMax) {
    return { reason: `${named(atOnce)} still under way, ${policy.atOnceMax} at once allowed`, budgetSpent: true };
  }
  const lastHour = others.filter((entry) => nowMs - entry.atMs < HOUR_MS);
  if (lastHour.length >= policy.perHourMax) {
    return { reason: `the budget is spent: ${lastHour.length} failovers in the last hour, ${policy.perHourMax} allowed`, budgetSpent: true };
  }
  const last = others
    .filter((entry) => entry.role === role && entry.endedAtMs !== null)
    .reduce((most, entry) => Math.max(most, entry.endedAtMs ?? 0), 0);
  const restMs = last + policy.cooldownSeconds * 1_000 - nowMs;
  if (last > 0 && restMs > 0) {
    return {
      reason: `${role} was moved ${Math.round((nowMs - last) / 1_000)} s ago; its cooldown lasts ${Math.ceil(restMs / 1_000)} s more`,
      budgetSpent: false,
    };
  }
  return null;
}

const named = (entries: Ledger["recent"]): string => `${entries.map((entry) => entry.incident).join(", ")} ${entries.length === 1 ? "is" : "are"}`;

/** With a place taken in the ledger; taking it twice takes one. */
export function withEntry(ledger: Ledger, entry: { role: RoleName; incident: IncidentId; atMs: number }): Ledger {
  if (ledger.recent.some(({ incident }) => incident === entry.incident)) return ledger;
  return { recent: [...ledger.recent, { ...entry, endedAtMs: null }].slice(-LEDGER_ENTRIES_MAX) };
}
/** The record's own limit: at the most failovers that an hour may have, days of history. */
const LEDGER_ENTRIES_MAX = 200;

/** What was carried out, or tried, stays counted; what a person refused never happened. */
export function withEntryEnded(ledger: Ledger, ended: { incident: IncidentId; status: Incident["status"]; nowMs: number }): Ledger {
  const happened = ended.status === "resolved" || ended.status === "escalated";
  return {
    recent: ledger.recent.flatMap((entry) => {
      if (entry.incident !== ended.incident) return [entry];
      return happened ? [{ ...entry, endedAtMs: entry.endedAtMs ?? ended.nowMs }] : [];
    }),
  };
}
