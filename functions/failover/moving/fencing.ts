/**
 * Takes the right to sign from the old holder: marks the lease `revoking`, so that nobody renews it, then has the agent's
 * signed word that it refuses the epoch for ever, or waits the whole lease out on this process's own monotonic clock,
 * whichever comes first. What others have watched already counts as waited. The clearance is kept in the lease, so that
 * a later execution need not ask or wait again.
 */

import { markRevoking } from "../../../core/failover/stateful-failover/lease.ts";
import { type Cleared, clearByAcknowledgement, clearByWaiting, waitNeededMs } from "../../../core/failover/stateful-failover/takeover.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { LeaseStale, WaitUnfinished } from "../../../core/kernel/errors.ts";
import type { NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { Clearance, Lease } from "../../../core/kernel/lease.ts";
import type { LeaseSighting } from "../../../core/kernel/node.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Invocation } from "../../lambda.ts";
import { askToFence, highestSlotSeen } from "./asking-holder.ts";
import { establish, mustEstablish } from "./establishing.ts";
import { writeJournal } from "./journal.ts";
import { fenceMs, holdIncident } from "./ownership.ts";
import { roleOf, type Step } from "./step.ts";
import { verdictsOn } from "./verdicts.ts";

/** An agent that comes back ends the wait; asked once a second it costs the wait nothing. */
const ASK_AGAIN_MS = 1_000;
/** What is left of a run after the wait: write the clearance, say so, return. */
const TAIL_MS = 5_000;

export type Fenced = Step & { readonly cleared: boolean; readonly how: string; readonly fromSlot: number | null; readonly reason: string };

/** A lease that this incident's successor holds has been fenced and taken before. */
export function takenBy(lease: Lease | null, incident: Pick<Incident, "to" | "from" | "openedAtMs">): boolean {
  if (lease?.state !== "held" || lease.holder !== incident.to) return false;
  return incident.to !== incident.from || lease.takenAtMs >= incident.openedAtMs;
}

export async function fencePrimary(world: World, step: Step, invocation: Invocation): Promise<Fenced> {
  const startedMs = world.clock.monotonicMs();
  const found = await world.registry.read("lease", step.role);
  const lease = found.kind === "found" ? found.value : null;
  const leaseMs = Math.max(lease?.leaseMs ?? 0, roleOf(world, step.role).leaseSeconds * 1_000);
  const incident = await holdIncident(world, step, fenceMs(leaseMs));
  if (lease && takenBy(lease, incident))
    return { ...step, cleared: true, how: "taken", fromSlot: lease.fromSlot, reason: `${step.to} has the lease already` };
  if (mustEstablish(world, lease, incident)) {
    const established = await establish(world, step, incident, lease);
    if (established.kind === "needs-person") {
      await writeJournal(world, step.incident, { step: "FencePrimary", kind: "needs-person", text: `${established.reason}.` });
      return { ...step, unasked: [...established.missing], cleared: false, how: "needs-person", fromSlot: null, reason: established.reason };
    }
  }
  const marked = await mark(world, step, incident);
  const clearance = marked.revocation?.cleared ?? (await clear(world, step, { marked, invocation, startedMs }));
  return { ...step, cleared: true, how: clearance.kind, fromSlot: clearance.fromSlot, reason: `${marked.holder}: ${clearance.kind}` };
}

/** Another incident's mark is waited for until its deadline; then it is this one's. */
async function mark(world: World, step: Step, incident: Incident): Promise<Lease> {
  for (;;) {
    const nowMs = world.clock.wallMs();
    const facts = { owner: step.execution, incident: step.incident, nowMs, deadlineMs: incident.ownerDeadlineMs };
    const decision = await updateRecord(world.registry, "lease", step.role, (current) => {
      if (!current) throw new LeaseStale({ role: step.role, expected: "a lease to revoke", found: "none" });
      const marking = markRevoking(current, facts);
      return marking.kind === "write"
        ? { kind: "write", next: marking.next, reason: marking.reason }
        : { kind: "keep", next: current, refusal: marking };
    });
    if (decision.kind === "write") {
      await writeJournal(world, step.incident, {
        step: "FencePrimary",
        kind: "revoking",
        text: `${decision.reason}.`,
        facts: { epoch: decision.next.epoch },
      });
      return decision.next;
    }
    if (decision.refusal.kind === "kept") return decision.next;
    const untilMs = decision.next.revocation?.deadlineMs ?? nowMs;
    if (untilMs > incident.ownerDeadlineMs) throw new LeaseStale({ role: step.role, expected: "a lease to revoke", found: decision.refusal.reason });
    await world.clock.sleep(untilMs - nowMs + 1);
  }
}

async function clear(world: World, step: Step, run: { marked: Lease; invocation: Invocation; startedMs: number }): Promise<Clearance> {
  const { marked, invocation } = run;
  const { clock } = world;
  /** Read before our own clock starts, so that no stretch of time counts twice. */
  const sightings = await sightingsOf(world, step.role, marked.holder);
  const since = clock.monotonicMs();
  const neededMs = waitNeededMs(marked, sightings);
  if (neededMs + TAIL_MS > invocation.remainingMs()) throw new WaitUnfinished({ role: step.role, neededMs, remainingMs: invocation.remainingMs() });
  const seen = highestSlotSeen(world, marked.holder);
  let attempt = 0;
  let why = "its agent gave no word";
  for (;;) {
    const leftMs = neededMs - (clock.monotonicMs() - since);
    if (leftMs <= 0) break;
    const asked = await askHolder(world, step, { marked, attempt, leftMs, seen });
    if (asked.kind === "cleared")
      return announce(world, step, { marked, clearance: asked.clearance, startedMs: run.startedMs, reason: "its agent refuses the epoch for ever" });
    why = asked.reason;
    if (attempt === 0) {
      const text = `${marked.holder} has given no word (${why}); waiting ${Math.ceil(neededMs)} ms, what is left of its lease.`;
      await writeJournal(world, step.incident, { step: "FencePrimary", kind: "waiting", text, facts: { neededMs, sightings } });
    }
    attempt += 1;
    await clock.sleep(Math.max(0, Math.min(ASK_AGAIN_MS, neededMs - (clock.monotonicMs() - since))));
  }
  const { epoch, renewal } = marked;
  const waited = { epoch, renewal, ms: clock.monotonicMs() - since };
  const { slots } = world.fleet.chain;
  // Slots of time are bounded by the grants. Heights are by nothing but what was seen, and the holder may have signed all through the
  // wait: so it is looked at again.
  const highestSeenSlot = slots.kind === "time" ? -1 : Math.max(await seen, await highestSlotSeen(world, marked.holder));
  const facts = { waited, sightings, highestSeenSlot, slots, reason: why };
  const clearance = await store(world, step, (lease) => clearByWaiting(lease, facts));
  if (typeof clearance === "string") throw new LeaseStale({ role: step.role, expected: "a lease that was waited out", found: clearance });
  return announce(world, step, { marked, clearance, startedMs: run.startedMs, reason: why });
}

type Asked = { kind: "cleared"; clearance: Clearance } | { kind: "no-word"; reason: string };

async function askHolder(world: World, step: Step, facts: { marked: Lease; attempt: number; leftMs: number; seen: Promise<number> }): Promise<Asked> {
  /** Where no lease could be trusted, the holder is only a name: all members were fenced, and the lease is waited out. */
  if (step.kind === "establish") return { kind: "no-word", reason: "no lease could be trusted, so one whole lease is waited out" };
  const word = await askToFence(world, step, { ...facts, after: step.planned && facts.attempt === 0 ? "next-signature" : "now" });
  if (word.kind === "no-word") return word;
  const highest = await facts.seen;
  const clearance = await store(world, step, (lease) => clearByAcknowledgement(lease, word.reply, highest));
  return typeof clearance === "string" ? { kind: "no-word", reason: clearance } : { kind: "cleared", clearance };
}

/** Keeps a clearance in the lease; a text where the lease machine refuses it, LeaseStale where the mark is another's by now. */
async function store(world: World, step: Step, decide: (lease: Lease) => Cleared): Promise<Clearance | string> {
  const decision = await updateRecord(world.registry, "lease", step.role, (current) => {
    if (current?.revocation?.owner !== step.execution) {
      throw new LeaseStale({ role: step.role, expected: `a revocation by ${step.execution}`, found: current?.revocation?.owner ?? "none" });
    }
    if (current.revocation.cleared) return { kind: "keep", answer: current.revocation.cleared };
    const cleared = decide(current);
    return cleared.kind === "write" ? { kind: "write", next: cleared.next, answer: cleared.clearance } : { kind: "keep", answer: cleared.reason };
  });
  return decision.answer;
}

async function announce(
  world: World,
  step: Step,
  facts: { marked: Lease; clearance: Clearance; startedMs: number; reason: string },
): Promise<Clearance> {
  const { marked, clearance, reason } = facts;
  const node: NodeId = marked.holder;
  await world.bus.publish("failover.primary-fenced", {
    incident: step.incident,
    role: step.role,
    node,
    how: clearance.kind,
    fromSlot: clearance.fromSlot,
    reason,
  });
  const how = clearance.kind === "acknowledged" ? "has acknowledged" : `was waited out for ${Math.round(clearance.waitedMs)} ms`;
  const text = `${node} ${how} (${reason}); a successor may sign from slot ${clearance.fromSlot}.`;
  const tookMs = world.clock.monotonicMs() - facts.startedMs;
  await writeJournal(world, step.incident, { step: "FencePrimary", kind: clearance.kind, text, tookMs, facts: { ...clearance } });
  return clearance;
}

/** They stand with the verdicts on the role's members, and on a holder that is none any more. */
async function sightingsOf(world: World, role: RoleName, holder: NodeId): Promise<LeaseSighting[]> {
  const watched = [...new Set([...roleOf(world, role).members, holder])];
  const lists = await Promise.all(watched.map((id) => verdictsOn(world.registry, id)));
  return lists.flat().flatMap((verdict) => verdict.sightings.filter((sighting) => sighting.role === role));
}
