/** Ends the scratch node and removes what was restored. */
import { lambda } from "../lambda.ts";
import { tearDown } from "./drilling/booting.ts";
import { DrillStep } from "./drilling/step.ts";

export const handler = lambda(DrillStep, (step, world) => tearDown(world, step));
