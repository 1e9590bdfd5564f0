/** Asks nodes and agents, each with a limit of its own, and folds what they say into what the watcher knows. */
import { observe } from "../../../core/failover/monitoring-system/detector.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import { countProbe } from "./vitals-counters.ts";
import { type Heard, launch, type Watcher } from "./watcher.ts";

/** One that hangs and one that may find the node awake again. */
const PROBES_UNDERWAY_MAX = 2;

/** Probes once, unless two probes of this node still hang. */
export async function probeNode(watcher: Watcher, node: FleetNode): Promise<void> {
  const { world, rules, probesUnderway } = watcher;
  const underway = probesUnderway.get(node.id) ?? 0;
  if (underway >= PROBES_UNDERWAY_MAX) return;
  probesUnderway.set(node.id, underway + 1);
  const startedMs = world.clock.monotonicMs();
  const probe = await world.nodes.probe(node, { referenceHeight: watcher.referenceHeight, timeoutMs: rules.probeTimeoutMs });
  probesUnderway.set(node.id, (probesUnderway.get(node.id) ?? 1) - 1);
  const detector = watcher.detectors.get(node.id);
  const counters = watcher.counters.get(node.id);
  if (!detector || !counters) return;
  watcher.detectors.set(node.id, observe(detector, probe, { startedMs, nowMs: world.clock.monotonicMs() }, rules));
  countProbe(counters, probe);
}

/** This tick's report of a node's agent; a report still under way from the tick before is waited for instead. */
export async function hearAgent(watcher: Watcher, node: FleetNode): Promise<Heard | undefined> {
  const startedMs = watcher.world.clock.monotonicMs();
  await launch(watcher, `the report of ${node.id}'s agent`, () => askReport(watcher, node, [], watcher.rules.probeTimeoutMs));
  const heard = watcher.heard.get(node.id);
  return heard && heard.heardAtMs >= startedMs ? heard : undefined;
}

/** Asks for a report; with `probe` the agent looks at those peers at once (SWIM's indirect probe: Das, Gupta, Motivala, DSN 2002). */
export async function askReport(watcher: Watcher, node: FleetNode, probe: readonly NodeId[], timeoutMs: number): Promise<void> {
  const { clock, agents } = watcher.world;
  const startedMs = clock.monotonicMs();
  const answer = await agents.call<"report">(node, { kind: "report", probe: [...probe] }, { timeoutMs });
  if (answer.kind !== "answered") return;
  const { report } = answer.reply;
  const known = watcher.heard.get(node.id);
  if (known && known.startedMs > startedMs) return;
  const previous = known ? { report: known.report, startedMs: known.startedMs, heardAtMs: known.heardAtMs } : null;
  watcher.heard.set(node.id, { report, startedMs, heardAtMs: clock.monotonicMs(), previous });
  if (watcher.boots.get(node.id)?.bootId !== report.boot.bootId) {
    watcher.boots.set(node.id, { bootId: report.boot.bootId, sinceMs: clock.monotonicMs() });
  }
}
