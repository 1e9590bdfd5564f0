/**
 * An incident, told to somebody who was asleep when it happened: how it ended, what was seen and by whom, why that was
 * enough, what was decided, each step with its time since the fault, what to do next. A pure function of what was recorded;
 * it adds nothing that is not in the records, and gives no secret away (the approval's token is none of a reader's business).
 */
import { type Incident, isOpen, type JournalEntry } from "../../core/kernel/incident.ts";
import type { BusEvent } from "../../core/kernel/records.ts";
import { seenLines, sumLines, suspicionLine } from "./narrative-evidence.ts";
import { nextSteps } from "./narrative-next.ts";
import { faultBeganAtMs, type Line, milestones, stepLines } from "./narrative-steps.ts";
import { type Paint, paintState } from "./paint.ts";
import { counted, listed, table } from "./table.ts";
import { instant, offset, span } from "./time.ts";

export type Story = {
  readonly incident: Incident;
  readonly journal: readonly JournalEntry[];
  readonly events: readonly BusEvent[];
  readonly nowMs: number;
};

export function renderNarrative(paint: Paint, { incident, journal, events, nowMs }: Story): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", paint.bold(title), ...lines.map((line) => `  ${line}`)];
  const { evidence } = incident;
  return [
    `${paint.bold(incident.id)}   ${incident.kind} of ${incident.role}   ${paintState(paint, incident.status)}`,
    summary(incident, nowMs),
    ...section("What was seen", evidence === null ? [] : [suspicionLine(evidence), ...seenLines(evidence)]),
    ...section("Why that was enough", evidence === null ? [] : sumLines(evidence)),
    ...section("What was decided", decisionLines(incident)),
    ...section(`Step by step, since ${instant(faultBeganAtMs(incident))}`, timeline(paint, stepLines(incident, journal, events))),
    ...section("In one line", journal.length === 0 ? [] : [milestones(incident, journal)]),
    ...section("What to do next", nextSteps(incident, nowMs)),
  ].join("\n");
}

/** The first line that is read, and often the last: the end, the cost, the length. */
export function summary(incident: Incident, nowMs: number): string {
  const { role, from, outcome, status } = incident;
  const lasted = span((incident.endedAtMs ?? nowMs) - faultBeganAtMs(incident));
  if (status === "resolved" && outcome !== null) {
    const path =
      from === null || from === outcome.holder ? `${role} is held by ${outcome.holder}` : `${role} moved from ${from} to ${outcome.holder}`;
    const lost =
      outcome.missedSlots === 0
        ? "no slot was missed"
        : `${counted(outcome.missedSlots, "slot")} ${outcome.missedSlots === 1 ? "was" : "were"} missed`;
    return `${path} in ${lasted}; ${lost}. ${outcome.holder} signs since slot ${outcome.firstSlot}, under epoch ${outcome.epoch}.`;
  }
  const cause = sentence(incident.reason);
  if (isOpen(status)) return `${cause} It has been open for ${lasted}.`;
  return `${cause} ${ENDED[status] ?? "It ended"} after ${lasted}.`;
}

const ENDED: Partial<Record<Incident["status"], string>> = {
  resolved: "It was resolved",
  recorded: "It was recorded, and nothing was moved; it ended",
  rejected: "A person rejected the move",
  expired: "Nobody decided, and the time to do so ended",
  withdrawn: "It was withdrawn and nothing was moved",
  escalated: "It was handed to a person",
};

function decisionLines(incident: Incident): string[] {
  const { from, to, mode, burned, approval, role, kind } = incident;
  const asked = `${sentence(incident.reason)} Asked for by ${incident.requestedBy}; the role's mode was ${mode}.`;
  const move =
    to === null
      ? `No successor was chosen for ${role}.`
      : `${kind === "switchover" ? "Hand over" : "Move"} ${role}${from === null ? "" : ` from ${from}`} to ${to}.`;
  const tried = burned.length === 0 ? [] : [`Tried before, and did not sign: ${listed(burned)}.`];
  if (approval === null) return [asked, move, ...tried];
  const decided =
    approval.decidedBy === null ? `A person had to decide by ${instant(approval.expiresAtMs)}.` : `It was decided by ${approval.decidedBy}.`;
  return [asked, move, decided, ...tried];
}

function timeline(paint: Paint, lines: readonly Line[]): string[] {
  if (lines.length === 0) return ["Nothing was written down."];
  return table(
    paint,
    // The longest last, so that no line is as wide as the widest.
    ["since", "took", "who", "what"],
    lines.map((line) => [offset(line.sinceFaultMs), line.tookMs === null ? "" : span(line.tookMs), paint.cyan(line.who), line.text]),
  ).split("\n");
}

/** Ends with a full stop. Its first letter stays as it is: it may be a node's name. */
const sentence = (text: string): string => `${text.trim().replace(/\.+$/, "")}.`;

/** The same story for programs. */
export function narrativeData({ incident, journal, events, nowMs }: Story): Record<string, unknown> {
  const { approval } = incident;
  return {
    schema: 1,
    incident: { ...incident, approval: approval && { region: approval.region, expiresAtMs: approval.expiresAtMs, decidedBy: approval.decidedBy } },
    faultBeganAtMs: faultBeganAtMs(incident),
    summary: summary(incident, nowMs),
    steps: stepLines(incident, journal, events),
    next: nextSteps(incident, nowMs),
  };
}
