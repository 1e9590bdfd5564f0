/** Watchers of two Regions on a network in memory, run by a clock that a test turns; brought to their end after each test. */
import type { Evidence } from "../../core/kernel/incident.ts";
import { shardsOf } from "../../functions/failover/watching/shard.ts";
import { type Watched, watchShard } from "../../functions/failover/watching/watch.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { AWAY, HOME } from "./fake-fleet-file.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";

export const CADENCE_MS = 1_000;

export type Rig = { clock: ManualClock; network: FakeFleet; watch(region: string, owner?: string, remainingMs?: () => number): Run };
type Run = { readonly ended: Promise<Watched>; stop(): void };
const open: { stop(): void; rig: Rig; ended: Promise<unknown>[]; stopNetwork: AbortController }[] = [];

/** For `afterEach`: every run ends, so that no test leaves a sleeper behind. */
export async function endRuns(): Promise<void> {
  for (const { stop, rig, ended, stopNetwork } of open.splice(0)) {
    stop();
    stopNetwork.abort();
    await rig.clock.advance(20_000);
    await Promise.all(ended);
  }
}

export async function startWatching(
  options: ConstructorParameters<typeof FakeFleet>[1] = {},
  given: { lease?: string | null; regions?: readonly string[] } = {},
): Promise<Rig> {
  const clock = manualClock();
  const network = new FakeFleet(clock, options);
  const stopNetwork = new AbortController();
  const stops: (() => void)[] = [];
  const ended: Promise<unknown>[] = [network.run(stopNetwork.signal)];
  const rig: Rig = {
    clock,
    network,
    watch(region, owner = `${region}-1`, remainingMs = () => 900_000) {
      let stopped = false;
      const [plan] = shardsOf(network.fleet);
      if (!plan) throw new Error("a fleet has a shard");
      const run = watchShard(network.world(region), plan, owner, { remainingMs: () => (stopped ? 0 : remainingMs()) });
      ended.push(run);
      const stop = () => {
        stopped = true;
      };
      stops.push(stop);
      return { ended: run, stop };
    },
  };
  open.push({ stop: () => void stops.map((stop) => stop()), rig, ended, stopNetwork });
  if (given.lease !== null) await network.giveLease(given.lease ?? "n1");
  for (const region of given.regions ?? [HOME, AWAY]) rig.watch(region);
  await clock.advance(12_000);
  return rig;
}

export const condemned = (rig: Rig) =>
  rig.network.published("failover.node-condemned").map(({ detail }) => detail as { node: string; role: string; evidence: Evidence });
export const verdictOf = async (rig: Rig, node: string, region = HOME) => {
  const found = await rig.network.registry().read("verdict", `${node}/${region}`);
  return found.kind === "found" ? found.value : undefined;
};
export const signedBy = (rig: Rig, node: string) => rig.network.signatures.filter((each) => each.node === node).length;
