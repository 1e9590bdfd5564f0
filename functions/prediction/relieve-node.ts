/** Has the role moved away from a node of which a fault is foretold, as a planned switchover. */
import { lambda } from "../lambda.ts";
import { relieveNode } from "./preempting/acting.ts";
import { PreemptStep } from "./preempting/step.ts";

export const handler = lambda(PreemptStep, (input, world) => relieveNode(world, input));
