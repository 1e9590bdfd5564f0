/**
 * What happened, in order, each line with its time since the fault: the incident's own journal, and what the watchers said on
 * the bus about the node and the network meanwhile. An event that only repeats a line of the journal is left out.
 */
import type { Incident, JournalEntry } from "../../core/kernel/incident.ts";
import type { BusEvent } from "../../core/kernel/records.ts";
import { eventSentence } from "./events.ts";
import { plain } from "./paint.ts";
import { offset } from "./time.ts";

export type Line = {
  readonly atMs: number;
  readonly sinceFaultMs: number;
  /** The workflow's state, or who spoke on the bus. */
  readonly who: string;
  readonly kind: string;
  readonly text: string;
  readonly tookMs: number | null;
};

/** What leads to a fault is worth reading; what went on an hour before is another story. */
const BEFORE_MS = 15_000;
/** A node's recovery and readmission belong to the story, too. */
const AFTER_MS = 60_000;
/** Of a state that says several things, the moment that counts is the one when it was done. */
const MILESTONES = [
  ["OpenIncident", "opened"],
  ["AwaitApproval", "approved"],
  ["FencePrimary", "fenced"],
  ["TakeLease", "taken"],
  ["PromoteSuccessor", "promoted"],
  ["VerifySigning", "signing"],
  ["CloseIncident", "closed"],
] as const;

/** The fault's beginning as anyone can tell it: the first suspicion, or else the incident's opening. */
export const faultBeganAtMs = (incident: Pick<Incident, "evidence" | "openedAtMs">): number =>
  Math.min(incident.evidence?.suspectedAtMs ?? incident.openedAtMs, incident.openedAtMs);

export function stepLines(incident: Incident, journal: readonly JournalEntry[], events: readonly BusEvent[]): Line[] {
  const began = faultBeganAtMs(incident);
  const told = journal.map((entry) => ({
    atMs: entry.atMs,
    sinceFaultMs: entry.atMs - began,
    who: entry.step,
    kind: entry.kind,
    text: entry.text,
    tookMs: entry.tookMs,
  }));
  const heard = events
    .filter((event) => belongs(event, incident, journal.length === 0))
    .map((event) => ({
      atMs: event.atMs,
      sinceFaultMs: event.atMs - began,
      who: `watch ${event.region}`,
      kind: event.name,
      text: eventSentence(plain, event),
      tookMs: null,
    }));
  return [...told, ...heard].sort((a, b) => a.atMs - b.atMs || Number(a.who.startsWith("watch")) - Number(b.who.startsWith("watch")));
}

/** Events that name the incident repeat its journal; they speak where there is no journal to read. */
function belongs(event: BusEvent, incident: Incident, journalMissing: boolean): boolean {
  const { detail } = event;
  if (detail.incident !== undefined) return journalMissing && detail.incident === incident.id;
  const endedAtMs = incident.endedAtMs ?? Number.POSITIVE_INFINITY;
  if (event.atMs < faultBeganAtMs(incident) - BEFORE_MS || event.atMs > endedAtMs + AFTER_MS) return false;
  if (event.name === "failover.network-state-changed") return true;
  const subjects: unknown[] = [incident.from, incident.to, incident.evidence?.node ?? null, ...incident.burned];
  if (detail.role !== undefined && detail.role !== incident.role) return false;
  return detail.node === undefined ? detail.role === incident.role : subjects.includes(detail.node);
}

/** One line that a reader compares with the last incident's: when each part was done, since the fault. */
export function milestones(incident: Incident, journal: readonly JournalEntry[]): string {
  const began = faultBeganAtMs(incident);
  const { evidence } = incident;
  const reached = MILESTONES.flatMap(([step, word]) => {
    const last = journal
      .filter((entry) => entry.step === step)
      .toSorted((a, b) => a.atMs - b.atMs)
      .at(-1);
    return last === undefined ? [] : [{ word, ms: last.atMs - began }];
  });
  const first =
    evidence === null
      ? []
      : [
          { word: "suspected", ms: 0 },
          { word: "condemned", ms: evidence.condemnedAtMs - began },
        ];
  return [...first, ...reached].map(({ word, ms }) => `${word} ${offset(ms)}`).join("  ");
}
