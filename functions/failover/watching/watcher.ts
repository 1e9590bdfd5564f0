/**
 * What one run of watch-fleet knows while it runs: its shard, a detector and a last word for each node, the leases as last
 * read. Everything here may be lost: what must outlive the run is in the registry.
 */
import { type Detector, newDetector } from "../../../core/failover/monitoring-system/detector.ts";
import { type Rules, rulesOf, wordAgeMaxMs } from "../../../core/failover/monitoring-system/rules.ts";
import type { Report } from "../../../core/kernel/agent-protocol.ts";
import type { FleetNode, FleetRole } from "../../../core/kernel/fleet.ts";
import type { RegionName } from "../../../core/kernel/ids.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import type { NetworkState, Verdict } from "../../../core/kernel/node.ts";
import type { Revision, World } from "../../../core/kernel/ports.ts";
import { type VitalsCounters, vitalsCounters } from "./vitals-counters.ts";

/** An agent's last report. `startedMs` is when it was asked for: what it says may be as old as that. */
export type Heard = {
  readonly report: Report;
  readonly startedMs: number;
  readonly heardAtMs: number;
  /** The one before, for what must have been said before something else was read. */
  readonly previous: Omit<Heard, "previous"> | null;
};

export type LeaseSeen = {
  /** Null where the registry has none. */
  readonly lease: Lease | null;
  readonly revision: Revision | null;
  readonly readStartedMs: number;
  /** Since when this process has seen this very (epoch, renewal), and this epoch. */
  readonly renewalSinceMs: number;
  readonly epochSinceMs: number;
};

export type Condemned = { readonly node: string; readonly epoch: number };

export type Watcher = {
  readonly world: World;
  readonly observer: RegionName;
  readonly rules: Rules;
  readonly shard: ShardPlan;
  readonly detectors: Map<string, Detector>;
  /** This observer's own newest word, and what of it was written last. */
  readonly verdicts: Map<string, Verdict>;
  readonly written: Map<string, Verdict>;
  /** The last confirmed kind that the bus was told. */
  readonly told: Map<string, Verdict["kind"]>;
  /** Other observers' words on nodes that are in doubt. */
  readonly others: Map<string, { readonly verdicts: readonly Verdict[]; readonly readAtMs: number }>;
  readonly heard: Map<string, Heard>;
  readonly boots: Map<string, { readonly bootId: string; readonly sinceMs: number }>;
  readonly leases: Map<string, LeaseSeen>;
  readonly condemned: Map<string, Condemned>;
  /** When something was last done, by what it is: for what must not be done at each tick. */
  readonly lastDoneMs: Map<string, number>;
  /** The newest slot signed by a suspect that was known when the suspicion began. */
  readonly newestSlotBefore: Map<string, number>;
  /** The digest of the last checkpoint kept, by role. */
  readonly checkpointsKept: Map<string, string>;
  readonly counters: Map<string, VitalsCounters>;
  readonly probesUnderway: Map<string, number>;
  /** Work that a tick does not wait for, by name: one of a name at a time, so that nothing piles up behind what hangs. */
  readonly underway: Map<string, Promise<void>>;
  network: { state: NetworkState; reason: string };
  networkPublished: NetworkState | null;
  networkCandidate: NetworkState | null;
  referenceHeight: number | null;
  lastTickMs: number | null;
  /** A newer run has taken the shard and watches. */
  superseded: boolean;
};

export type ShardPlan = { readonly name: string; readonly nodes: readonly FleetNode[]; readonly roles: readonly FleetRole[] };

export function newWatcher(world: World, shard: ShardPlan): Watcher {
  const at = { nowMs: world.clock.monotonicMs(), wallMs: world.clock.wallMs() };
  return {
    world,
    observer: world.region as RegionName,
    rules: rulesOf(world.fleet),
    shard,
    detectors: new Map(shard.nodes.map(({ id }) => [id, newDetector(id, at)])),
    verdicts: new Map(),
    written: new Map(),
    told: new Map(),
    others: new Map(),
    heard: new Map(),
    boots: new Map(),
    leases: new Map(),
    condemned: new Map(),
    lastDoneMs: new Map(),
    newestSlotBefore: new Map(),
    checkpointsKept: new Map(),
    counters: new Map(shard.nodes.map(({ id }) => [id, vitalsCounters()])),
    probesUnderway: new Map(),
    underway: new Map(),
    network: { state: "unknown", reason: "nothing seen yet" },
    networkPublished: null,
    networkCandidate: null,
    referenceHeight: null,
    lastTickMs: null,
    superseded: false,
  };
}

export const instantOf = ({ world: { clock } }: Watcher) => ({ nowMs: clock.monotonicMs(), wallMs: clock.wallMs() });

/** Starts work that the tick does not wait for, unless work of that name is still under way. A failure is logged, and costs only itself. */
export function launch(watcher: Watcher, name: string, work: () => Promise<void>): Promise<void> {
  const known = watcher.underway.get(name);
  if (known) return known;
  const started = guarded(watcher, name, work).then(() => {
    watcher.underway.delete(name);
  });
  watcher.underway.set(name, started);
  return started;
}

/** Watching goes on whatever one step runs into; the next tick tries again. */
async function guarded(watcher: Watcher, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    watcher.world.log.warn(`watching: ${name} failed, the next tick tries again`, {
      error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    });
  }
}

/** True at most once in `periodMs` for each name. */
export function isDue(watcher: Watcher, name: string, periodMs: number): boolean {
  const nowMs = watcher.world.clock.monotonicMs();
  const last = watcher.lastDoneMs.get(name);
  if (last !== undefined && nowMs - last < periodMs) return false;
  watcher.lastDoneMs.set(name, nowMs);
  return true;
}

/** The agent's report, if it was heard within three cadences. */
export function freshReport(watcher: Watcher, node: string): Heard | undefined {
  const heard = watcher.heard.get(node);
  return heard && watcher.world.clock.monotonicMs() - heard.heardAtMs <= wordAgeMaxMs(watcher.rules) ? heard : undefined;
}

/** Roles that this node holds by a lease that can be trusted. */
export function leasesHeldBy(watcher: Watcher, node: string): readonly { lease: Lease; seen: LeaseSeen }[] {
  return [...watcher.leases.values()].flatMap((seen) => {
    const { lease } = seen;
    return lease && lease.holder === node && lease.state === "held" && lease.registry === watcher.world.registry.name ? [{ lease, seen }] : [];
  });
}
