/** Judges every node of the shard from what is known now, and the network from all of them. No I/O. */
import { compare, nextReferenceHeight } from "../../../core/failover/monitoring-system/comparison.ts";
import { judge } from "../../../core/failover/monitoring-system/judgement.ts";
import { judgeNetwork, type Sightline } from "../../../core/failover/monitoring-system/network-state.ts";
import { newestSlotBy } from "../../../core/failover/monitoring-system/proof-of-life.ts";
import { wordAgeMaxMs } from "../../../core/failover/monitoring-system/rules.ts";
import { type Asking, judgeValidator, type ValidatorSilence, validatorSilentMs } from "../../../core/failover/monitoring-system/validator-silence.ts";
import { countLag } from "./vitals-counters.ts";
import { freshReport, instantOf, leasesHeldBy, type Watcher } from "./watcher.ts";

export function judgeNodes(watcher: Watcher): void {
  const { rules, observer, detectors } = watcher;
  const at = instantOf(watcher);
  const comparison = compare([...detectors.values()], at.nowMs, rules);
  for (const [node, detector] of detectors) {
    const ownAgent = freshReport(watcher, node)?.report.self.kind ?? null;
    const validator = holdersValidator(watcher, node, comparison.intervalMs);
    const judged = judge(detector, { comparison, ownAgent, validator }, at, { observer, rules });
    if (detector.judgement.kind === "healthy" && judged.verdict.kind !== "healthy") rememberNewestSlot(watcher, node);
    detectors.set(node, judged.detector);
    watcher.verdicts.set(node, judged.verdict);
    const counters = watcher.counters.get(node);
    if (counters) countLag(counters, judged.verdict.lagBlocks);
  }
  watcher.network = judgeNetwork({ comparison, fleetSize: watcher.shard.nodes.length, sightlines: sightlines(watcher), nowMs: at.nowMs });
  watcher.referenceHeight = nextReferenceHeight(comparison, rules);
}

/** Whether the validator of a role's holder fell silent; unknown for every other node. */
export function holdersValidator(watcher: Watcher, node: string, intervalMs: number): ValidatorSilence {
  const limitMs = validatorSilentMs(watcher.rules, intervalMs);
  for (const { lease, seen } of leasesHeldBy(watcher, node)) {
    const nowMs = watcher.world.clock.monotonicMs();
    const asking = watcher.shard.nodes.map(({ id }) =>
      askingOf(watcher, id, lease.role, id === node ? nowMs - seen.epochSinceMs : Number.POSITIVE_INFINITY),
    );
    const silence = judgeValidator({ subject: node, asking, limitMs });
    if (silence.kind !== "unknown") return silence;
  }
  return { kind: "unknown", reason: "it holds no role" };
}

/** `atMostMs`: a holder is not blamed for not having asked before it held the role. */
function askingOf(watcher: Watcher, node: string, role: string, atMostMs: number): Asking {
  const heard = freshReport(watcher, node);
  const words = heard?.report.roles.find((each) => each.role === role);
  if (!heard || !words) return { node, askedMsAgo: null };
  const nowMs = watcher.world.clock.monotonicMs();
  // One that never asked since its agent's start has been silent for as long as that start has been known.
  const ago = words.askedMsAgo === null ? nowMs - (watcher.boots.get(node)?.sinceMs ?? nowMs) : words.askedMsAgo + nowMs - heard.heardAtMs;
  return { node, askedMsAgo: Math.min(ago, atMostMs) };
}

function sightlines(watcher: Watcher): Sightline[] {
  const nowMs = watcher.world.clock.monotonicMs();
  return watcher.shard.nodes.flatMap(({ id }) => {
    const heard = freshReport(watcher, id);
    const fresh = heard?.report.peers.filter(({ ageMs }) => ageMs + nowMs - heard.heardAtMs <= wordAgeMaxMs(watcher.rules)) ?? [];
    return fresh.map(({ node, reachable }) => ({ from: id, to: node, reachable }));
  });
}

export function headsOf(watcher: Watcher) {
  return [...watcher.detectors.values()].flatMap(({ node, last }) => (last ? [{ node, head: last.head }] : []));
}

function rememberNewestSlot(watcher: Watcher, node: string): void {
  const signer = watcher.shard.nodes.find(({ id }) => id === node)?.signer;
  if (signer === undefined) return;
  const { slots } = watcher.world.fleet.chain;
  watcher.newestSlotBefore.set(node, newestSlotBy(signer, { subject: node, heads: headsOf(watcher), slots }));
}
