/**
 * One look ahead after another, until the next minute's run goes on. Each node is looked at by itself: what one look cannot read or write fails
 * the run, and the next one begins where the books stand.
 */

import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Foresight } from "../../../core/kernel/prediction.ts";
import { adjustLevels, SCORED_MAX } from "../../../core/prediction/automated-failover-orchestration/levels.ts";
import { claimForesight } from "./claiming.ts";
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
  const scoredCounts: number[] = [];
  const look = async (node: FleetNode) => scoredCounts.push(await lookAtNode(world, node.id, seen));
  for (let from = 0; from < fleet.nodes.length; from += NODES_AT_ONCE) await Promise.all(fleet.nodes.slice(from, from + NODES_AT_ONCE).map(look));
  const scored = scoredCounts.reduce((sum, each) => sum + each, 0);
  if (scored > 0) await moveLevels(world);
  const asked = oracle.version === null ? `no model was asked: ${oracle.reason}` : oracle.reason;
  return { decision: "looked", reason: `${fleet.nodes.length} nodes were looked at, ${scored} predictions were scored; ${asked}` };
}

async function moveLevels({ registry, fleet }: World): Promise<void> {
  const newest = await registry.list("prediction", { limit: SCORED_MAX, newestFirst: true });
  const { levels, reason } = adjustLevels(
    fleet.policies.prediction.levels,
    newest.map(({ value }) => value),
  );
  await updateRecord(registry, "foresight", "all", (current) => {
    if (current === null) return { kind: "keep" as const };
    const next: Foresight = { ...current, levels: { ...levels }, levelsReason: reason };
    return { kind: "write" as const, next };
  });
}
