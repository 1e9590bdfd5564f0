/** Publishes what a drill has proven, or that it failed. */
import { lambda } from "../lambda.ts";
import { closeDrill } from "./drilling/closing.ts";
import { DrillStep } from "./drilling/step.ts";

export const handler = lambda(DrillStep, (step, world) => closeDrill(world, step));
