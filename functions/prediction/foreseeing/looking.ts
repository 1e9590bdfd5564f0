/**
 * One look ahead after another, until the next minute's run goes on. Each node is looked at by itself: what cannot be read or written of one is
 * said and counted, and the others are looked at all the same.
 */

import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Foresight } from "../../../core/kernel/prediction.ts";
import { adjustLevels, SCORED_MAX } from "../../../core/prediction/automated-failover-orchestration/levels.ts";
import { claimForesight, sayLooked } from "./claiming.ts";
import { openOracle } from "./live-model.ts";
import { lookAtNode } from "./looking-at-node.ts";

/** EventBridge starts the next run then. */
const RUN_MS = 60_000;
const NODES_AT_ONCE = 8;
const VERDICTS_MAX = 1_000;

export type Looked = { readonly decision: "looked" | "elsewhere"; readonly reason: string };

export async function foresee(world: World): Promise<Looked> {
  const { clock, fleet } = world;
  const everyMs = fleet.policies.prediction.everySeconds * 1_000;
  const startMs = clock.monotonicMs();
  for (;;) {
    const fromMs = clock.monotonicMs();
    const looked = await lookAhead(world);
    if (clock.monotonicMs() - startMs + everyMs >= RUN_MS) return looked;
    await clock.sleep(Math.max(0, everyMs - (clock.monotonicMs() - fromMs)));
  }
}

export async function lookAhead(world: World): Promise<Looked> {
  const claim = await claimForesight(world);
  if (claim.kind === "elsewhere") return { decision: "elsewhere", reason: claim.reason };
  const { registry, fleet } = world;
  const [verdicts, leases, oracle] = await Promise.all([
    registry.list("verdict", { limit: VERDICTS_MAX }),
    Promise.all(fleet.roles.map(({ name }) => registry.read("lease", name))),
    openOracle(world),
  ]);
  const holds = new Map(leases.flatMap((lease) => (lease.kind === "found" ? [[lease.value.holder, lease.value.role] as const] : [])));
  const seen = { foresight: claim.foresight, verdicts: verdicts.map(({ value }) => value), holds, oracle };
  const faults: string[] = [];
  let scored = 0;
  const look = async ({ id }: FleetNode): Promise<void> => {
    try {
      scored += await lookAtNode(world, id, seen);
    } catch (error) {
      faults.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (let from = 0; from < fleet.nodes.length; from += NODES_AT_ONCE) await Promise.all(fleet.nodes.slice(from, from + NODES_AT_ONCE).map(look));
  for (const fault of faults) world.log.warn("a node could not be looked ahead for", { fault });
  world.metrics.count("ForeseeFaults", faults.length);
  const isDeclared = JSON.stringify(claim.foresight.declared) === JSON.stringify(fleet.policies.prediction.levels);
  const moved = scored > 0 || !isDeclared ? await moveLevels(world) : null;
  if (faults.length < fleet.nodes.length) await sayLooked(world, moved);
  const missed = faults.length === 0 ? "" : `, ${faults.length} could not be: ${faults[0]}`;
  const asked = oracle.version === null ? `no model was asked: ${oracle.reason}` : oracle.reason;
  return {
    decision: "looked",
    reason: `${fleet.nodes.length - faults.length} nodes were looked at, ${scored} predictions were scored${missed}; ${asked}`,
  };
}

async function moveLevels({ registry, fleet }: World): Promise<Pick<Foresight, "levels" | "declared" | "levelsReason">> {
  const newest = await registry.list("prediction", { limit: SCORED_MAX, newestFirst: true });
  const declared = fleet.policies.prediction.levels;
  const { levels, reason } = adjustLevels(
    declared,
    newest.map(({ value }) => value),
  );
  return { levels: { ...levels }, declared, levelsReason: reason };
}
