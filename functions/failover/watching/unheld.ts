/**
 * Roles that nobody can be trusted to hold: no lease, a lease from another table, agents whose words stand above the item (a
 * table put back from a backup), a takeover that was begun and left, or a lease that nobody can renew any more, though its
 * holder's node is well, since its agent is gone or cut off. Each is an event that starts the workflow.
 */
import { contradiction } from "../../../core/failover/stateful-failover/contradiction.ts";
import type { EventDetail } from "../../../core/kernel/events.ts";
import type { FleetRole } from "../../../core/kernel/fleet.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import { RATE_ERROR_MAX } from "../../../core/kernel/settings.ts";
import { freshReport, isDue, type LeaseSeen, launch, type Watcher } from "./watcher.ts";

/** Long enough for a workflow to have opened its incident, short enough to be lost one event. */
export const REPEAT_MS = 15_000;
/** The other Region may be about to renew; beyond a few of its ticks it is not. */
const LAPSE_PATIENCE_CADENCES = 3;
/** A deadline is by another's wall clock. */
const DEADLINE_SLACK_MS = 5_000;

export function watchUnheld(watcher: Watcher, role: FleetRole, seen: LeaseSeen): void {
  const reason = establishReason(watcher, seen);
  const unheld = reason === null ? lapsedReason(watcher, seen) : ({ kind: "establish", reason } as const);
  if (unheld !== null) publishUnheld(watcher, role, unheld);
  if (isDue(watcher, `incident of ${role.name}`, REPEAT_MS)) {
    launch(watcher, `looking for an abandoned incident of ${role.name}`, () => watchAbandoned(watcher, role, seen.lease));
  }
}

type Unheld = Pick<EventDetail<"failover.role-unheld">, "kind" | "reason" | "lapsed">;

export function publishUnheld(watcher: Watcher, role: FleetRole, { kind, reason, lapsed }: Unheld): void {
  if (!isDue(watcher, `unheld ${role.name} ${kind}`, REPEAT_MS)) return;
  const { bus, log } = watcher.world;
  log.decision({ module: "failover", subject: role.name, kind: `unheld-${kind}`, reason });
  launch(watcher, `telling that ${role.name} is unheld (${kind})`, () =>
    bus.publish("failover.role-unheld", { role: role.name, kind, reason, ...(lapsed ? { lapsed } : {}) }),
  );
}

/** Why the lease cannot be trusted, or null. */
export function establishReason(watcher: Watcher, { lease, readStartedMs }: LeaseSeen): string | null {
  const { registry } = watcher.world;
  if (lease === null) return "the registry has no lease for it";
  if (lease.registry !== registry.name) return `its lease was written in ${lease.registry}, this registry is ${registry.name}`;
  for (const [node, heard] of watcher.heard) {
    // A grant is sent after the item was written, so an item read after a report is at least as high as what it says.
    const earlier = heard.heardAtMs <= readStartedMs ? heard : heard.previous;
    if (!earlier || earlier.heardAtMs > readStartedMs) continue;
    const word = earlier.report.roles.find(({ role }) => role === lease.role);
    const against = word ? contradiction(lease, word) : null;
    if (against !== null) return `${node}'s agent ${against}`;
  }
  return null;
}

/**
 * A lease that stood still for longer than it lasts: whoever could have renewed it would have, so its holder cannot sign, and
 * a takeover costs nothing that is not lost. Where the holder was condemned, that is under way already.
 */
export function lapsedReason(watcher: Watcher, { lease, renewalSinceMs, readStartedMs }: LeaseSeen): Unheld | null {
  if (lease?.state !== "held" || watcher.condemned.get(lease.role)?.epoch === lease.epoch) return null;
  // Up to the last reading: a registry that does not answer tells nothing of who renews meanwhile.
  const stoodMs = readStartedMs - renewalSinceMs;
  if (stoodMs < lease.leaseMs * (1 + RATE_ERROR_MAX) + LAPSE_PATIENCE_CADENCES * watcher.rules.cadenceMs) return null;
  const { epoch, renewal, holder } = lease;
  const heard = freshReport(watcher, holder) ? "though its agent answers" : "and its agent does not answer";
  const reason = `the lease of ${holder} was not renewed for ${Math.round(stoodMs / 1_000)} s, ${heard} in ${watcher.observer}`;
  return { kind: "lapsed", reason, lapsed: { epoch, renewal } };
}

async function watchAbandoned(watcher: Watcher, role: FleetRole, lease: Lease | null): Promise<void> {
  const { registry, clock, metrics } = watcher.world;
  const wallMs = clock.wallMs();
  const incident = await openIncident(watcher, role);
  if (incident) metrics.count("IncidentOpenSeconds", Math.max(0, (wallMs - incident.openedAtMs) / 1_000), { role: role.name });
  const reason = abandonedReason(incident, lease, wallMs);
  if (reason !== null && lease?.registry === registry.name) publishUnheld(watcher, role, { kind: "abandoned", reason });
}

/** The role's open incident, null where it has none. */
export async function openIncident(watcher: Watcher, role: FleetRole): Promise<Incident | null> {
  const { registry } = watcher.world;
  const cell = await registry.read("roleIncident", role.name);
  if (cell.kind === "absent" || cell.value.open === null) return null;
  const incident = await registry.read("incident", cell.value.open);
  return incident.kind === "found" ? incident.value : null;
}

export function abandonedReason(incident: Incident | null, lease: Lease | null, wallMs: number): string | null {
  const past = (deadlineMs: number) => wallMs > deadlineMs + DEADLINE_SLACK_MS;
  if (incident?.status === "open" && past(incident.ownerDeadlineMs)) return `incident ${incident.id} was left by ${incident.owner}`;
  // Whoever waits for a person is not gone until the approval has expired.
  if (incident?.status === "awaiting-approval") {
    return past(Math.max(incident.ownerDeadlineMs, incident.approval?.expiresAtMs ?? 0))
      ? `incident ${incident.id} has waited past its approval's end`
      : null;
  }
  if (lease?.state === "revoking" && lease.revocation && past(lease.revocation.deadlineMs)) {
    return `the lease is revoking since ${new Date(lease.revocation.markedAtMs).toISOString()}, and ${lease.revocation.owner} has passed its deadline`;
  }
  return null;
}
