/** Looks at a node's newest prediction and at what was done already, and chooses the next step. */
import { lambda } from "../lambda.ts";
import { PreemptInput } from "./preempting/step.ts";
import { weighPreemption } from "./preempting/weighing.ts";

export const handler = lambda(PreemptInput, (input, world) => weighPreemption(world, input));
