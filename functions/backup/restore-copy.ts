/** Has the agent on the drill's host restore the copy. */
import { lambda } from "../lambda.ts";
import { restoreCopy } from "./drilling/restoring.ts";
import { DrillStep } from "./drilling/step.ts";

export const handler = lambda(DrillStep, (step, world, invocation) => restoreCopy(world, step, invocation));
