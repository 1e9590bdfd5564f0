/**
 * Renews leases on the holders' behalf. The order is the safety argument: the agent's nonce first, then the conditional write,
 * then the grant over that nonce. Both Regions do this side by side, each where it sees that a renewal is due, so that
 * losing one costs no slot. A renewal waits for nothing but this role's lease and this holder's report.
 */
import { renewLease } from "../../../core/failover/stateful-failover/lease.ts";
import type { FleetRole } from "../../../core/kernel/fleet.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import { RENEWALS_PER_LEASE } from "../../../core/kernel/settings.ts";
import { medianMs } from "../../../core/kernel/slots.ts";
import { establishReason } from "./unheld.ts";
import { freshReport, type Heard, type LeaseSeen, launch, type Watcher } from "./watcher.ts";

export function renewRole(
  watcher: Watcher,
  role: FleetRole,
  given: { lease: Promise<LeaseSeen | undefined>; reports: ReadonlyMap<string, Promise<Heard | undefined>> },
): Promise<void> {
  return launch(watcher, `renewing ${role.name}`, async () => {
    const seen = await given.lease;
    const { lease, revision } = seen ?? {};
    if (!seen || !lease || revision === null || revision === undefined) return;
    if (lease.state !== "held" || watcher.condemned.get(role.name)?.epoch === lease.epoch) return;
    // An item that was put back from an older state must not feed its old holder beside the one who took over since: a run's first tick
    // only hears, and from then on no agent that was heard may contradict the item.
    if (watcher.heard.size === 0 || establishReason(watcher, seen) !== null) return;
    const heard = await given.reports.get(lease.holder);
    if (!heard || !isRenewalDue(lease, seen, heard, watcher.world.clock.monotonicMs())) return;
    await renew(watcher, role, { lease, revision, heard });
  });
}

/**
 * Due a third of a lease after this watcher saw a renewal by whoever made it, or when the agent's own grant says so: a renewal
 * may have been written whose grant never arrived.
 */
export function isRenewalDue(lease: Lease, seen: LeaseSeen, { report }: Heard, nowMs: number): boolean {
  const periodMs = lease.leaseMs / RENEWALS_PER_LEASE;
  if (nowMs - seen.renewalSinceMs >= periodMs) return true;
  // The first grant of an epoch is the workflow's, which hands the state over before it; it has a third of a lease for that.
  if (lease.boot === null) return false;
  const grant = report.roles.find(({ role }) => role === lease.role)?.grant;
  return !grant || grant.epoch !== lease.epoch || grant.remainingMs <= lease.leaseMs - periodMs;
}

async function renew(watcher: Watcher, role: FleetRole, { lease, revision, heard }: { lease: Lease; revision: number; heard: Heard }): Promise<void> {
  const { world, rules } = watcher;
  const renewal = renewLease(lease, {
    report: heard.report,
    medianWallMs: Math.trunc(medianMs(clocks(watcher))),
    slots: world.fleet.chain.slots,
    registry: world.registry.name,
  });
  // A takeover is under way, or the report is newer than the item, which the other Region has renewed meanwhile. A word that really
  // contradicts the item is told by unheld.ts, which knows which of the two is older.
  if (renewal.kind === "refused") return;
  const written = await world.registry.write("lease", role.name, renewal.next, revision);
  // Somebody else was faster: the other Region's renewal serves as well, and after a mark there must be none.
  if (written.kind === "conflict") return;
  const nowMs = world.clock.monotonicMs();
  const seen = watcher.leases.get(role.name);
  watcher.leases.set(role.name, {
    lease: renewal.next,
    revision: written.revision,
    readStartedMs: nowMs,
    renewalSinceMs: nowMs,
    epochSinceMs: seen?.epochSinceMs ?? nowMs,
  });
  const holder = world.fleet.nodes.find(({ id }) => id === lease.holder);
  if (!holder) return;
  const order = { kind: "grant", nonce: heard.report.nonce, grant: renewal.grant } as const;
  const answer = await world.agents.call(holder, order, { timeoutMs: rules.probeTimeoutMs });
  if (answer.kind === "answered" && renewal.reason === "renewed") return;
  world.log.decision({
    module: "failover",
    subject: role.name,
    kind: answer.kind === "answered" ? "granted" : `grant-${answer.kind}`,
    reason: answer.kind === "answered" ? renewal.reason : answer.reason,
    epoch: lease.epoch,
    node: lease.holder,
  });
}

/** This watcher's wall clock and the agents', each moved on by what has passed here since it was told. */
function clocks(watcher: Watcher): number[] {
  const { clock, fleet } = watcher.world;
  const nowMs = clock.monotonicMs();
  const told = fleet.nodes.flatMap(({ id }) => {
    const heard = freshReport(watcher, id);
    return heard ? [heard.report.wallMs + (nowMs - heard.heardAtMs)] : [];
  });
  return [clock.wallMs(), ...told];
}
