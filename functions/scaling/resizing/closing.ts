/** The end of an execution: its cell is free for the next one, and an error that ended it is told. */
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { ScaleEnd } from "../round.ts";

const REASON_CHARACTERS_MAX = 2_000;

/** A cell that is another's by now is left alone. */
export async function closeScaling(world: World, end: ScaleEnd): Promise<{ decision: string; reason: string }> {
  const { group, execution, error } = end;
  const reason = error === undefined ? end.reason : `it stopped on ${error.Error}: ${error.Cause}`.slice(0, REASON_CHARACTERS_MAX);
  const closed = await updateRecord(world.registry, "scalingCell", group, (current) => {
    if (current?.owner !== execution) return { kind: "keep" as const };
    return { kind: "write" as const, next: { ...current, owner: null, ownerDeadlineMs: world.clock.wallMs() } };
  });
  if (error !== undefined && closed.kind === "write") await world.bus.publish("scaling.order-failed", { group, reason });
  return { decision: error === undefined ? "closed" : "failed", reason };
}
