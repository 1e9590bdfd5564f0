/** Tells people what is foretold of a node. */
import { lambda } from "../lambda.ts";
import { warnPeople } from "./preempting/acting.ts";
import { PreemptStep } from "./preempting/step.ts";

export const handler = lambda(PreemptStep, (input, world) => warnPeople(world, input));
