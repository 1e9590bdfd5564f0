/** Asks the successor's agent whether its node can take the role. */
import { lambda } from "../lambda.ts";
import { prepareSuccessor } from "./moving/preparing.ts";
import { Step } from "./moving/step.ts";

export const handler = lambda(Step, (step, world) => prepareSuccessor(world, step));
