/**
 * An event of the bus as one plain sentence. An event of a kind that this version does not know is shown as it came, rather
 * than dropped: the bus may be newer than the reader.
 */
import { EVENTS, type EventDetail, type EventName } from "../../core/kernel/events.ts";
import type { BusEvent } from "../../core/kernel/records.ts";
import { bytes } from "./bytes.ts";
import { type Paint, paintState } from "./paint.ts";
import { span, timeOfDay } from "./time.ts";

const UNKNOWN_LENGTH_MAX = 200;

type Sentences = { readonly [N in EventName]: (detail: EventDetail<N>, paint: Paint) => string };

const SENTENCES: Sentences = {
  "failover.verdict-changed": (said, paint) =>
    `${said.node} is ${paintState(paint, said.to)}${said.from === null ? "" : ` (was ${said.from})`}, seen from ${said.observer}: ${said.reason}`,
  "failover.network-state-changed": (said, paint) =>
    `the network is ${paintState(paint, said.to)}${said.from === null ? "" : ` (was ${said.from})`}, seen from ${said.observer}: ${said.reason}`,
  "failover.shard-taken": (said) =>
    `a new watch took over shard ${said.shard} in ${said.observer}${said.gapMs === null ? "" : `, ${span(said.gapMs)} after the last beat of the one before`}`,
  "failover.node-condemned": (said, paint) =>
    `a quorum condemns ${paint.bold(said.node)}, which holds ${said.role}: ${said.evidence.votes.filter(({ down }) => down).length} votes, ${said.evidence.needed} of ${said.evidence.eligible} needed`,
  "failover.role-unheld": (said) => `${said.role} has no holder to trust (${said.kind}): ${said.reason}`,
  "failover.requested": (said) =>
    `${said.requestedBy} asks for a ${said.kind} of ${said.role}${said.to === undefined ? "" : ` to ${said.to}`}: ${said.reason}`,
  "failover.incident-opened": (said, paint) =>
    `incident ${paint.bold(said.incident)} (${said.kind}) opens: ${said.role}${said.from === null ? "" : ` from ${said.from}`}${said.to === null ? "" : ` to ${said.to}`}: ${said.reason}`,
  "failover.approval-requested": (said, paint) =>
    paint.yellow(
      `${said.role} waits for a person until ${timeOfDay(said.expiresAtMs).slice(0, 8)} UTC: \`ha approve ${said.role}\` or \`ha reject ${said.role}\`: ${said.reason}`,
    ),
  "failover.primary-fenced": (said) =>
    `${said.node ?? "the old holder"} is fenced (${said.how === "acknowledged" ? "its agent said so" : "its lease was waited out"}); ${said.role} is free from slot ${said.fromSlot}: ${said.reason}`,
  "failover.lease-taken": (said, paint) => `${paint.bold(said.node)} takes ${said.role} under epoch ${said.epoch}, from slot ${said.fromSlot}`,
  "failover.role-promoted": (said) => `${said.node} is promoted to ${said.role} under epoch ${said.epoch}`,
  "failover.signing-verified": (said, paint) =>
    said.signed
      ? paint.green(`${said.node} signs${said.slot === null ? "" : ` since slot ${said.slot}`}: ${said.reason}`)
      : paint.red(`${said.node} does not sign: ${said.reason}`),
  "failover.route-published": (said) => `route ${said.version} is published: ${said.reason}`,
  "failover.incident-closed": (said, paint) => `incident ${said.incident} ends ${paintState(paint, said.status)}: ${said.reason}`,
  "failover.node-readmitted": (said, paint) => `${paint.bold(said.node)} is a member again: ${said.reason}`,
  "backup.requested": (said) => `${said.requestedBy} asks for a backup of ${said.source ?? "every source"}: ${said.reason}`,
  "backup.completed": (said, paint) =>
    `${paint.bold(said.source)} is backed up as ${said.sequence}${said.height === null ? "" : `, final at block ${said.height}`}: ${bytes(said.sourceBytes)}, ${bytes(said.storedBytes)} new, in ${span(said.tookMs)}: ${said.reason}`,
  "backup.failed": (said, paint) =>
    paint.red(`the backup of ${said.source} ${said.outcome === "failed" ? "failed" : "was cancelled"}: ${said.reason}`),
  "backup.restore-proven": (said, paint) => paint.green(`a restore is proven: ${said.reason}`),
  "backup.drill-failed": (said, paint) => paint.red(`the restore drill ${said.drill} failed: ${said.reason}`),
  "backup.copies-audited": (said) => `the vault's copies were compared: ${said.reason}`,
  "prediction.node-endangered": (said, paint) =>
    paint.yellow(`${said.node} may fail within ${span(said.horizonMs)} (${percent(said.probability)}, ${said.level}): ${said.reason}`),
  "prediction.preemption-changed": (said, paint) => `${paint.bold(said.node)}, for which a fault is foretold: ${said.step}: ${said.reason}`,
  "prediction.outcome-scored": (said, paint) => `the prediction for ${said.node} was a ${paintState(paint, said.outcome)}: ${said.reason}`,
  "prediction.alert-opened": (said, paint) => paint.yellow(`alert ${said.alert}: ${said.signal} of ${said.node}: ${said.reason}`),
  "prediction.training-requested": (said) => `${said.requestedBy} asks for a model to be trained: ${said.reason}`,
  "prediction.alert-resolved": (said) => `alert ${said.alert} is over: ${said.signal} of ${said.node}: ${said.reason}`,
  "scaling.change-decided": (said, paint) =>
    `${paint.bold(said.group)} should ${said.kind === "out" ? "grow" : "shrink"} from ${said.before} to ${said.after} units${said.acts ? "" : " (its mode leaves that to people)"}: ${said.reason}`,
  "scaling.group-resized": (said, paint) => `${paint.bold(said.group)} goes from ${said.before} to ${said.after} units: ${said.reason}`,
  "scaling.unit-admitted": (said, paint) =>
    paint.green(`unit ${said.unit} of ${said.group} serves, ${span(said.tookMs)} after its start: ${said.reason}`),
  "scaling.unit-abandoned": (said, paint) => paint.red(`unit ${said.unit} of ${said.group} is given up: ${said.reason}`),
  "scaling.unit-removed": (said, paint) => `unit ${paint.bold(said.unit)} leaves ${said.group}: ${said.reason}`,
  "scaling.order-failed": (said, paint) => paint.yellow(`an order for ${said.group} came to nothing: ${said.reason}`),
  "failover.mode-changed": (said, paint) => `${said.role} is in mode ${paintState(paint, said.mode)}, set by ${said.setBy}`,
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;

export function eventSentence(paint: Paint, event: BusEvent): string {
  if (!isKnown(event.name)) return raw(event);
  const parsed = EVENTS[event.name].safeParse(event.detail);
  if (!parsed.success) return raw(event);
  /** The table's type says that name and detail belong together; the compiler cannot follow that through a union. */
  const say = SENTENCES[event.name] as (detail: unknown, paint: Paint) => string;
  return say(parsed.data, paint);
}

export const eventLine = (paint: Paint, event: BusEvent): string => `${paint.dim(timeOfDay(event.atMs))}  ${eventSentence(paint, event)}`;

const isKnown = (name: string): name is EventName => Object.hasOwn(EVENTS, name);

const raw = (event: BusEvent): string => `${event.name} ${JSON.stringify(event.detail).slice(0, UNKNOWN_LENGTH_MAX)}`;
