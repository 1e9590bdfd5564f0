/** What travels through the preempt workflow from state to state: whose preemption it is, what was decided, and why. */
import * as z from "zod";
import { FleetId, NodeId, RoleName } from "../../../core/kernel/ids.ts";
import { PredictionId } from "../../../core/kernel/prediction.ts";

export const PreemptInput = z.object({
  fleet: FleetId,
  node: NodeId,
  /** The execution's ARN: the owner of the node's cell. */
  execution: z.string().min(1).max(512),
  /** How often it was weighed; the state machine ends before its history is full, and the next look starts another that goes on. */
  rounds: z.int().min(0).default(0),
});
export type PreemptInput = z.infer<typeof PreemptInput>;

export const PreemptStep = PreemptInput.extend({
  prediction: PredictionId,
  /** What the node holds; null where it holds nothing that could be handed over. */
  role: RoleName.nullable(),
  decision: z.enum(["warn", "drain", "hand-over", "wait", "end"]),
  /** How the cell is to end, where it ends. */
  ending: z.enum(["handed-over", "cancelled", "held", "warned", "drained"]).nullable(),
  waitSeconds: z.int().min(1).max(300),
  reason: z.string().max(2_000),
});
export type PreemptStep = z.infer<typeof PreemptStep>;

/** The end of an execution whose last step failed carries the error beside what travelled. */
export const PreemptEnd = PreemptInput.extend({
  prediction: PredictionId.optional(),
  ending: PreemptStep.shape.ending.default(null),
  reason: z.string().max(2_000).default(""),
  error: z.object({ Error: z.string(), Cause: z.string() }).optional(),
});
export type PreemptEnd = z.infer<typeof PreemptEnd>;
