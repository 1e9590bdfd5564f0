/**
 * A step of a preemption is written into its node's cell before it is said or done again: whichever execution owns the cell, and only it. What
 * was done twice stands once, since the cell names the step.
 */
import { updateRecord } from "../core/kernel/compare-and-set.ts";
import { RunStale } from "../core/kernel/errors.ts";
import type { NodeId } from "../core/kernel/ids.ts";
import type { Registry } from "../core/kernel/ports.ts";
import type { Preemption, PreemptionStep } from "../core/kernel/prediction.ts";

/** A step's own time and its retries: beyond it another execution may take the node's cell over. */
export const PREEMPTION_OWNER_MS = 180_000;

type Registered = Pick<Registry, "read" | "write">;
export type Taken = {
  readonly node: NodeId;
  readonly execution: string;
  readonly step: PreemptionStep;
  readonly reason: string;
  readonly nowMs: number;
};

/** `again` where the cell says already that this step was taken. Throws `RunStale` where another execution owns it, or nobody does. */
export async function takePreemptionStep(
  registry: Registered,
  taken: Taken,
): Promise<{ readonly kind: "taken" | "again"; readonly cell: Preemption }> {
  const { node, execution, step, reason, nowMs } = taken;
  const decision = await updateRecord(registry, "preemption", node, (current) => {
    if (current === null || current.owner !== execution || current.endedAtMs !== null) {
      throw new RunStale({ what: `the preemption of ${node}`, run: execution, found: current === null ? "nothing" : current.owner });
    }
    if (current.step === step) return { kind: "keep", cell: current } as const;
    const next: Preemption = { ...current, step, reason, sinceMs: nowMs, ownerDeadlineMs: nowMs + PREEMPTION_OWNER_MS };
    return { kind: "write", next, cell: next } as const;
  });
  return { kind: decision.kind === "keep" ? "again" : "taken", cell: decision.cell };
}
