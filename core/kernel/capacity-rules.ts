/**
 * What an order comes to, given what is seen of the group: the same whoever starts and stops its units. Every actuator judges by these
 * before it acts, so that an order that comes twice, late, or after another one does no more than it said.
 */
import type { CapacityOrder, CapacityOutcome, Raise, Seen, Unit, Verdict } from "./capacity.ts";

export type Judged = { readonly kind: "go" } | Exclude<CapacityOutcome, { kind: "done" }>;
/** `surplus`: more units stay than are asked for, so one goes and the wanted number stays as it is. */
export type RemovalJudged = { readonly kind: "go"; readonly surplus: boolean } | Exclude<CapacityOutcome, { kind: "done" }>;

/** More are asked for; an order that saw another number is overtaken and changes nothing. */
export function judgeRaise(seen: Seen, { from, to }: Raise, order: CapacityOrder, nowMs: number): Judged {
  const late = lateness(order, nowMs);
  if (late !== null) return late;
  if (to <= from) return { kind: "refused", reason: `from ${from} to ${to} is no raise; capacity is taken away by the name of a unit only` };
  if (to > seen.max) return { kind: "refused", reason: `${to} units are more than the ${seen.max} that the group may have` };
  if (seen.desired >= to) return { kind: "already", reason: `${seen.desired} units are asked for, which is ${to} or more` };
  if (seen.desired !== from)
    return { kind: "busy", reason: `${seen.desired} units are asked for, and the order was given when ${from} were: it is overtaken` };
  return { kind: "go" };
}

export function judgeVerdict(seen: Seen, id: string, verdict: Verdict, order: CapacityOrder, nowMs: number): Judged {
  const late = lateness(order, nowMs);
  if (late !== null) return late;
  const unit = seen.units.find((one) => one.id === id);
  const ends = verdict === "abandoned";
  if (unit === undefined || unit.state === "leaving") {
    const what = unit === undefined ? `there is no unit ${id}` : `${id} is leaving`;
    return ends ? { kind: "already", reason: what } : { kind: "refused", reason: `${what}: it can neither serve nor wait` };
  }
  if (unit.state === "ready") {
    return ends
      ? { kind: "refused", reason: `${id} was told to serve; what serves is removed, with whatever must be moved first` }
      : { kind: "already", reason: `${id} was told to serve before` };
  }
  return { kind: "go" };
}

export function judgeRemoval(seen: Seen, id: string, order: CapacityOrder, nowMs: number): RemovalJudged {
  const late = lateness(order, nowMs);
  if (late !== null) return late;
  const unit = seen.units.find((one) => one.id === id);
  if (unit === undefined) return { kind: "already", reason: `there is no unit ${id}` };
  if (unit.state === "leaving") return { kind: "already", reason: `${id} is leaving` };
  const staying = stayingUnits(seen).length;
  const surplus = staying > seen.desired;
  if (!surplus && seen.desired - 1 < seen.min)
    return { kind: "refused", reason: `without ${id} ${seen.desired - 1} units would be asked for, and ${seen.min} must be` };
  return { kind: "go", surplus };
}

/** Those that are counted. */
export function stayingUnits({ units }: Pick<Seen, "units">): Unit[] {
  return units.filter(({ state }) => state !== "leaving");
}

function lateness({ notAfterMs }: CapacityOrder, nowMs: number): { kind: "refused"; reason: string } | null {
  return nowMs <= notAfterMs
    ? null
    : { kind: "refused", reason: `the order was good until ${new Date(notAfterMs).toISOString()}, and it is ${new Date(nowMs).toISOString()}` };
}
