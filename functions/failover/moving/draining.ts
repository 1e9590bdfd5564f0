/**
 * A node of which a fault is foretold gives its other work away while it can: the same move as that of a lost node, told in the route under
 * the prediction's id, so that it happens once. What was given away stays where it went; whoever balances work brings it back.
 */
import * as z from "zod";
import { FleetId, NodeId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { PredictionId } from "../../../core/kernel/prediction.ts";
import { takePreemptionStep } from "../../preemption-step.ts";
import { moveWork } from "./routing.ts";
import { nodeOf } from "./step.ts";

/** As many as a fleet has nodes, and more. */
const BOOKS_MAX = 1_000;

/** What else travels goes on as it came. */
export const DrainInput = z.looseObject({
  fleet: FleetId,
  node: NodeId,
  execution: z.string().min(1).max(512),
  prediction: PredictionId,
  reason: z.string().max(2_000),
});
type DrainInput = z.infer<typeof DrainInput>;

export async function drainNode(world: World, input: DrainInput): Promise<DrainInput> {
  const { prediction, execution, reason } = input;
  const { id: node } = nodeOf(world, input.node);
  await takePreemptionStep(world.registry, { node, execution, step: "drained", reason, nowMs: world.clock.wallMs() });
  await moveWork(world, { incident: prediction, lost: node, spared: await endangered(world) });
  await world.bus.publish("prediction.preemption-changed", { node, prediction, step: "drained", reason });
  return input;
}

/** What is given away must not go to nodes that look no better. */
async function endangered({ registry }: World): Promise<NodeId[]> {
  const books = await registry.list("foreseen", { limit: BOOKS_MAX });
  return books.flatMap(({ value }) => (value.latest.level === "calm" ? [] : [value.node]));
}
