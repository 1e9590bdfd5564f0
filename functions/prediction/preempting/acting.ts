/** The steps of a preemption that tell people, hand the role over, and end it. Each is written into the node's cell before it is told. */

import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { RunStale } from "../../../core/kernel/errors.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Preemption, PreemptionStep } from "../../../core/kernel/prediction.ts";
import { movesEnded } from "../../../core/prediction/automated-failover-orchestration/budget.ts";
import { takePreemptionStep } from "../../preemption-step.ts";
import type { PreemptEnd, PreemptStep } from "./step.ts";

export async function warnPeople(world: World, step: PreemptStep): Promise<PreemptStep> {
  await tell(world, step, "warned");
  return step;
}

/** The failover workflow decides for itself whether it may: mode, budget and the successor are its own. Its name starts it once. */
export async function relieveNode(world: World, step: PreemptStep): Promise<PreemptStep> {
  const { fleet, role, prediction, reason } = step;
  if (role === null) return step;
  const askFirst = world.fleet.policies.prediction.mode === "approve";
  const event = {
    fleet,
    role,
    from: step.node,
    kind: "switchover",
    reason: `foretold: ${reason}`.slice(0, 1_000),
    requestedBy: "prediction",
    askFirst,
  };
  await world.workflows.start(`preempt-${prediction}`, { fleet, role, cause: "failover.requested", event });
  await tell(world, step, "handed-over");
  return step;
}

async function tell(world: World, { node, execution, prediction, reason }: PreemptStep, step: PreemptionStep): Promise<void> {
  await takePreemptionStep(world.registry, { node, execution, step, reason, nowMs: world.clock.wallMs() });
  /** Also where the step was taken before: whoever took it may not have come to tell it. Told twice is better than never. */
  await world.bus.publish("prediction.preemption-changed", { node, prediction, step, reason });
}

/** Told also where it was written before: whoever wrote it may not have come to tell it. */
export async function closePreemption(world: World, end: PreemptEnd): Promise<{ decision: string; reason: string }> {
  const { node, execution, error } = end;
  const reason = error === undefined ? end.reason : `it stopped on ${error.Error}: ${error.Cause}`.slice(0, 2_000);
  const ended = await updateRecord(world.registry, "preemption", node, (current) => {
    if (current === null || current.owner !== execution)
      throw new RunStale({ what: `the preemption of ${node}`, run: execution, found: current?.owner ?? "nothing" });
    if (current.endedAtMs !== null) return { kind: "keep" as const, next: current };
    const nowMs = world.clock.wallMs();
    const step = end.ending ?? (error === undefined ? current.step : "held");
    const next: Preemption = { ...current, step, reason, sinceMs: nowMs, endedAtMs: nowMs };
    return { kind: "write" as const, next };
  });
  const { prediction, step } = ended.next;
  await endMove(world, node);
  await world.bus.publish("prediction.preemption-changed", { node, prediction, step, reason });
  return { decision: step, reason };
}

/** Its place in the budget of moves at once is free again. */
async function endMove({ registry, clock }: World, node: PreemptEnd["node"]): Promise<void> {
  await updateRecord(registry, "foresight", "all", (current) => {
    const isOpen = current?.recent.some((move) => move.node === node && move.endedAtMs === null) === true;
    if (current === null || !isOpen) return { kind: "keep" as const };
    return { kind: "write" as const, next: { ...current, recent: movesEnded(current.recent, node, clock.wallMs()) } };
  });
}
