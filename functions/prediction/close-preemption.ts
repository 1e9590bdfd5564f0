/** Writes down what came of a preemption. */
import { lambda } from "../lambda.ts";
import { closePreemption } from "./preempting/acting.ts";
import { PreemptEnd } from "./preempting/step.ts";

export const handler = lambda(PreemptEnd, (input, world) => closePreemption(world, input));
