/** Gives the lease to the successor: one conditional write, from a stored clearance only, under the next epoch. */
import type * as z from "zod";
import { takeLease } from "../../../core/failover/stateful-failover/takeover.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { LeaseStale } from "../../../core/kernel/errors.ts";
import { Epoch, Slot } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { takenBy } from "./fencing.ts";
import { writeJournal } from "./journal.ts";
import { requireOwned } from "./ownership.ts";
import { roleOf, Step } from "./step.ts";

export const TakenStep = Step.extend({ epoch: Epoch, fromSlot: Slot });
export type TakenStep = z.infer<typeof TakenStep>;

export async function takeLeaseForSuccessor(world: World, step: Step): Promise<TakenStep> {
  const startedMs = world.clock.monotonicMs();
  const incident = await requireOwned(world, step);
  const facts = {
    successor: step.to,
    leaseMs: roleOf(world, step.role).leaseSeconds * 1_000,
    owner: step.execution,
    incident: step.incident,
    nowMs: world.clock.wallMs(),
  };
  const decision = await updateRecord(world.registry, "lease", step.role, (current) => {
    const stale = (found: string) => new LeaseStale({ role: step.role, expected: `a lease that ${step.incident} has cleared`, found });
    if (!current) throw stale("none");
    if (takenBy(current, incident)) return { kind: "keep", next: current, reason: "taken before" };
    const taken = takeLease(current, { ...facts, epoch: current.epoch + 1 });
    if (taken.kind === "write") return { kind: "write", next: taken.next, reason: taken.reason };
    throw stale(taken.reason);
  });
  const { epoch, fromSlot } = decision.next;
  await world.bus.publish("failover.lease-taken", { incident: step.incident, role: step.role, node: step.to, epoch, fromSlot });
  const tookMs = world.clock.monotonicMs() - startedMs;
  await writeJournal(world, step.incident, { step: "TakeLease", kind: "taken", text: `${decision.reason}.`, tookMs, facts: { epoch, fromSlot } });
  return { ...step, epoch, fromSlot };
}
