/** Boots a real node on what a drill has restored. */
import { lambda } from "../lambda.ts";
import { bootNode } from "./drilling/booting.ts";
import { DrillStep } from "./drilling/step.ts";

export const handler = lambda(DrillStep, (step, world) => bootNode(world, step));
