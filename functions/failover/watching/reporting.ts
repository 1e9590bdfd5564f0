/** Writes this observer's verdicts where the others read them, and tells the bus of transitions. */
import { verdictRefreshMs } from "../../../core/failover/monitoring-system/rules.ts";
import type { NetworkState, Verdict } from "../../../core/kernel/node.ts";
import { sightings } from "./leases.ts";
import { writeWindow } from "./minutes.ts";
import { launch, type Watcher } from "./watcher.ts";

/** Where this observer's earlier words are taken up, so that a new run does not tell the old news again. */
export async function readWritten(watcher: Watcher): Promise<void> {
  await Promise.all(
    watcher.shard.nodes.map(({ id }) =>
      launch(watcher, `reading the last verdict on ${id}`, async () => {
        const found = await watcher.world.registry.read("verdict", verdictKey(watcher, id));
        if (found.kind === "absent") return;
        watcher.written.set(id, found.value);
        if (found.value.confirmed) watcher.told.set(id, found.value.kind);
      }),
    ),
  );
}

const verdictKey = (watcher: Watcher, node: string): string => `${node}/${watcher.observer}`;

export function reportVerdicts(watcher: Watcher): void {
  for (const [node, verdict] of watcher.verdicts) {
    const before = watcher.written.get(node);
    if (!needsWriting(watcher, before, verdict)) continue;
    launch(watcher, `writing the verdict on ${node}`, async () => {
      const { registry, bus, log } = watcher.world;
      // Its one writer is this observer; of two runs that overlap, either's word is as good.
      await registry.write("verdict", verdictKey(watcher, node), { ...verdict, sightings: sightings(watcher) }, "any");
      watcher.written.set(node, verdict);
      if (!isTransition(before, verdict)) return;
      // With the window, or a run that takes over before the next minute would learn the fault anew.
      await writeWindow(watcher, verdict.node);
      const { kind, reason, confirmed } = verdict;
      log.decision({ module: "failover", subject: node, kind, reason, from: before?.kind ?? null, suspicion: verdict.suspicion });
      if (!confirmed) return;
      // Unconfirmed words are written for the quorum and told to nobody else: news is what differs from the last news.
      const from = watcher.told.get(node) ?? null;
      watcher.told.set(node, kind);
      if (from !== kind) await bus.publish("failover.verdict-changed", { observer: watcher.observer, node: verdict.node, from, to: kind, reason });
    });
  }
}

function needsWriting(watcher: Watcher, before: Verdict | undefined, verdict: Verdict): boolean {
  // Not looked at yet by this run: the word before stands.
  if (verdict.kind === "healthy" && !verdict.confirmed && verdict.head === null) return false;
  if (before === undefined || isTransition(before, verdict)) return true;
  const wellKnown = verdict.kind === "healthy" && verdict.confirmed;
  const refreshMs = wellKnown ? watcher.world.fleet.policies.watch.vitalsSeconds * 1_000 : verdictRefreshMs(watcher.rules);
  return verdict.atMs - before.atMs >= refreshMs;
}

const isTransition = (before: Verdict | undefined, verdict: Verdict): boolean =>
  before === undefined || before.kind !== verdict.kind || before.confirmed !== verdict.confirmed;

export function reportNetwork(watcher: Watcher): void {
  const { state, reason } = watcher.network;
  const from = watcher.networkPublished;
  if (state === from) return;
  // A run that has not seen enough yet knows no better than the run before it.
  if (state === "unknown" && watcher.networkCandidate === null) return;
  // Two ticks in a row: a state that was only passed through is no news.
  const steady = watcher.networkCandidate === state;
  watcher.networkCandidate = state;
  if (!steady) return;
  watcher.networkPublished = state;
  launch(watcher, `telling that the network is ${state}`, async () => {
    watcher.world.log.decision({ module: "failover", subject: "network", kind: state, reason });
    await watcher.world.bus.publish("failover.network-state-changed", { observer: watcher.observer, from: from ?? "unknown", to: state, reason });
  });
}

/** What the shard's cell says of the network: the run before is believed until this one has seen enough. */
export const knownNetwork = ({ network, networkPublished }: Watcher): NetworkState =>
  network.state === "unknown" ? (networkPublished ?? "unknown") : network.state;
