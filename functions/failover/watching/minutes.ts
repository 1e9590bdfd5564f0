/** What is written once a minute (or what the fleet file says): vitals, windows for the next run, and metrics. */
import { intervalMs, median } from "../../../core/failover/monitoring-system/block-interval.ts";
import { loadDetector, saveDetector } from "../../../core/failover/monitoring-system/detector-state.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import { pad } from "../../../core/kernel/records.ts";
import { establishReason } from "./unheld.ts";
import { type VitalsCounters, vitalsCounters } from "./vitals-counters.ts";
import { freshReport, instantOf, isDue, launch, type Watcher } from "./watcher.ts";

/** CloudWatch's own resolution for metrics at no extra cost. */
const METRICS_MS = 60_000;

/** Takes up the windows of the run before; a node without one is learned anew. */
export async function warmUp(watcher: Watcher): Promise<void> {
  await Promise.all(
    watcher.shard.nodes.map(({ id }) =>
      launch(watcher, `reading the window of ${id}`, async () => {
        const found = await watcher.world.registry.read("window", `${watcher.observer}/${id}`);
        const detector = found.kind === "found" ? loadDetector(found.value.state, instantOf(watcher)) : null;
        if (detector && detector.node === id) watcher.detectors.set(id, detector);
      }),
    ),
  );
}

export function writeMinutes(watcher: Watcher): void {
  const { vitalsSeconds } = watcher.world.fleet.policies.watch;
  if (isDue(watcher, "vitals", vitalsSeconds * 1_000))
    for (const node of watcher.shard.nodes) launch(watcher, `vitals of ${node.id}`, () => writeVitals(watcher, node));
  if (isDue(watcher, "metrics", METRICS_MS)) launch(watcher, "metrics", async () => countMetrics(watcher));
}

/** Also at a run's end, so that the next one goes on from what was known last. */
export async function writeWindows(watcher: Watcher): Promise<void> {
  await Promise.all(watcher.shard.nodes.map((node) => launch(watcher, `window of ${node.id}`, () => writeWindow(watcher, node.id))));
}

export async function writeWindow(watcher: Watcher, node: NodeId): Promise<void> {
  const detector = watcher.detectors.get(node);
  const at = instantOf(watcher);
  if (!detector || detector.probes === 0) return;
  const window = { observer: watcher.observer, node, atMs: Math.trunc(at.wallMs), state: saveDetector(detector, at) };
  await watcher.world.registry.write("window", `${watcher.observer}/${node}`, window, "any");
}

async function writeVitals(watcher: Watcher, node: FleetNode): Promise<void> {
  const counters = watcher.counters.get(node.id) ?? vitalsCounters();
  watcher.counters.set(node.id, vitalsCounters());
  if (counters.probes > 0) {
    const atMs = Math.trunc(watcher.world.clock.wallMs());
    await watcher.world.registry.write("vitals", `${node.id}/${watcher.observer}/${pad(atMs)}`, vitalsOf(watcher, node, counters, atMs), "any");
  }
  await writeWindow(watcher, node.id);
}

function vitalsOf(watcher: Watcher, node: FleetNode, counters: VitalsCounters, atMs: number) {
  const detector = watcher.detectors.get(node.id);
  const { latenciesMs } = counters;
  return {
    node: node.id,
    observer: watcher.observer,
    atMs,
    probes: counters.probes,
    answered: counters.answered,
    latencyMsMedian: latenciesMs.length === 0 ? null : median(latenciesMs),
    latencyMsMax: latenciesMs.length === 0 ? null : Math.max(...latenciesMs),
    head: detector?.last?.head.height ?? null,
    lagBlocksMax: counters.lagBlocksMax,
    peers: detector?.last?.peers ?? null,
    blockIntervalMs: detector ? intervalMs(detector.interval, watcher.rules.slotMs) : null,
    host: freshReport(watcher, node.id)?.report.host ?? null,
  };
}

function countMetrics(watcher: Watcher): void {
  const { metrics, fleet } = watcher.world;
  metrics.count("WatcherBeat", 1);
  for (const role of watcher.shard.roles) metrics.count("RolesUnheld", isHeld(watcher, role.name) ? 0 : 1, { role: role.name });
  const lags: number[] = [];
  const latencies: number[] = [];
  for (const [node, detector] of watcher.detectors) {
    const lag = watcher.verdicts.get(node)?.lagBlocks ?? null;
    const latencyMs = detector.latenciesMs.at(-1);
    if (lag !== null) lags.push(lag);
    if (latencyMs !== undefined) latencies.push(latencyMs);
    if (!fleet.policies.watch.perNodeMetrics) continue;
    if (lag !== null) metrics.count("LagBlocks", lag, { node });
    if (latencyMs !== undefined) metrics.count("ProbeMs", latencyMs, { node });
  }
  if (lags.length > 0) metrics.count("LagBlocks", Math.max(...lags));
  if (latencies.length > 0) metrics.count("ProbeMs", median(latencies));
  metrics.flush();
}

/** By a lease that can be trusted, that is not being revoked, and that was renewed within its own length. */
function isHeld(watcher: Watcher, role: string): boolean {
  const seen = watcher.leases.get(role);
  if (seen?.lease?.state !== "held" || establishReason(watcher, seen) !== null) return false;
  return watcher.world.clock.monotonicMs() - seen.renewalSinceMs <= seen.lease.leaseMs;
}
