/**
 * The loop of one shard: takes it, warms up, ticks at the cadence until a newer run watches or the time is used up. A tick
 * starts everything at once and waits for half a cadence at most; what hangs goes on by itself, within its own limit.
 */
import { skipTime } from "../../../core/failover/monitoring-system/detector.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { considerHolders, lookIntoDoubts } from "./condemnation.ts";
import { judgeNodes } from "./judging.ts";
import { readLease } from "./leases.ts";
import { warmUp, writeMinutes, writeWindows } from "./minutes.ts";
import { renewRole } from "./renewal.ts";
import { knownNetwork, readWritten, reportNetwork, reportVerdicts } from "./reporting.ts";
import { watchReturning } from "./returning.ts";
import { keepCheckpoints } from "./safekeeping.ts";
import { hearAgent, probeNode } from "./sensing.ts";
import { beat, type Tenure, takeShard } from "./shard.ts";
import { watchUnheld } from "./unheld.ts";
import { launch, newWatcher, type ShardPlan, type Watcher } from "./watcher.ts";

/** By then a healthy node on the other side of the world has answered; the rest of the cadence is for what follows. */
const TICK_WAIT_CADENCES = 0.5;
/** The cell is read and written this often: an older run stops within as much after the newer has begun. */
const BEAT_CADENCES = 3;
/** A run ends itself this long before its time is up, to write its windows. */
const ENDING_MS = 2_000;
/** A process that was stopped for longer than this has not watched meanwhile, and holds nothing against the nodes for it. */
const PAUSE_CADENCES = 2;

export type Stop = { remainingMs(): number; readonly untilMs?: number | undefined };
export type Watched = { readonly shard: string; readonly epoch: number; readonly ticks: number; readonly reason: string };

export async function watchShard(world: World, plan: ShardPlan, owner: string, stop: Stop): Promise<Watched> {
  const tenure = await takeShard(world, plan, owner);
  const watcher = newWatcher(world, plan);
  watcher.networkPublished = tenure.previous?.network ?? null;
  await Promise.all([warmUp(watcher), readWritten(watcher)]);
  let ticks = 0;
  let reason: string | null = null;
  while (reason === null) {
    await alignedToCadence(watcher);
    await tick(watcher);
    ticks += 1;
    reason = whyStop(watcher, tenure, ticks, stop);
  }
  await writeWindows(watcher);
  // What is still under way ends within its own limit; a frozen process must not take it up again in another minute.
  await within(watcher, ENDING_MS / 2, Promise.all(watcher.underway.values()));
  world.log.decision({ module: "failover", subject: tenure.key, kind: "watch-ended", reason, epoch: tenure.epoch, ticks });
  return { shard: plan.name, epoch: tenure.epoch, ticks, reason };
}

/** Observers take turns within a cadence: two that look at the same instant see half as much. */
async function alignedToCadence({ world, rules, observer }: Watcher): Promise<void> {
  const { observers } = world.fleet.regions;
  const offsetMs = (Math.max(0, observers.indexOf(observer)) * rules.cadenceMs) / observers.length;
  const intoMs = (((world.clock.wallMs() - offsetMs) % rules.cadenceMs) + rules.cadenceMs) % rules.cadenceMs;
  await world.clock.sleep(rules.cadenceMs - intoMs);
}

export async function tick(watcher: Watcher): Promise<void> {
  noticePause(watcher);
  const { nodes, roles } = watcher.shard;
  const leases = new Map(roles.map((role) => [role, readLease(watcher, role)]));
  const reports = new Map<string, ReturnType<typeof hearAgent>>(nodes.map((node) => [node.id, hearAgent(watcher, node)]));
  for (const [role, lease] of leases) void renewRole(watcher, role, { lease, reports });
  const probes = nodes.map((node) => probeNode(watcher, node));
  await within(watcher, TICK_WAIT_CADENCES * watcher.rules.cadenceMs, Promise.all([...probes, ...leases.values(), ...reports.values()]));
  judgeNodes(watcher);
  for (const { id } of nodes) considerHolders(watcher, id);
  lookIntoDoubts(watcher);
  for (const role of roles) {
    const seen = watcher.leases.get(role.name);
    if (seen) watchUnheld(watcher, role, seen);
  }
  reportVerdicts(watcher);
  reportNetwork(watcher);
  watchReturning(watcher);
  keepCheckpoints(watcher);
  writeMinutes(watcher);
}

function noticePause(watcher: Watcher): void {
  const nowMs = watcher.world.clock.monotonicMs();
  const gapMs = watcher.lastTickMs === null ? 0 : nowMs - watcher.lastTickMs;
  watcher.lastTickMs = nowMs;
  if (gapMs <= PAUSE_CADENCES * watcher.rules.cadenceMs + TICK_WAIT_CADENCES * watcher.rules.cadenceMs) return;
  watcher.world.log.warn("this process did not watch for a while; that time is held against no node", { gapMs });
  for (const [node, detector] of watcher.detectors) watcher.detectors.set(node, skipTime(detector, gapMs - watcher.rules.cadenceMs));
}

function whyStop(watcher: Watcher, tenure: Tenure, ticks: number, stop: Stop): string | null {
  const { clock } = watcher.world;
  if (ticks % BEAT_CADENCES === 1) launch(watcher, "the beat", () => beatOnce(watcher, tenure, ticks === 1));
  if (watcher.superseded) return "a newer run watches";
  if (stop.remainingMs() < ENDING_MS + 2 * watcher.rules.cadenceMs) return "its time is used up";
  if (stop.untilMs !== undefined && clock.wallMs() >= stop.untilMs) return "it was asked to watch until now";
  return null;
}

async function beatOnce(watcher: Watcher, tenure: Tenure, first: boolean): Promise<void> {
  const { registry, bus, clock } = watcher.world;
  const wallMs = clock.wallMs();
  const state = await beat(registry, tenure, knownNetwork(watcher), wallMs);
  watcher.superseded = state === "superseded";
  if (!first || state !== "mine") return;
  // Who beats every few cadences was seen to watch until now; only silence beyond that is a gap.
  const gapMs = tenure.previous && Math.max(0, wallMs - tenure.previous.beatAtMs - BEAT_CADENCES * watcher.rules.cadenceMs);
  await bus.publish("failover.shard-taken", { observer: watcher.observer, shard: watcher.shard.name, owner: tenure.owner, gapMs });
}

/** Until `work` is done, or `ms` have gone by. */
async function within(watcher: Watcher, ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work.finally(() => done.abort()), watcher.world.clock.sleep(ms, done.signal)]);
}
