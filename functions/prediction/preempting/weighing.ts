/** x */
import type { World } from "../../../core/kernel/ports.ts";
import type { PreemptInput, PreemptStep } from "./step.ts";

export async function weighPreemption(_world: World, input: PreemptInput): Promise<PreemptStep> {
  throw new Error(input.node);
}
