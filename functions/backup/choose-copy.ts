/** Chooses what a drill restores: the newest complete copy in the farther Region. */
import { lambda } from "../lambda.ts";
import { chooseDrillCopy } from "./drilling/choosing.ts";
import { DrillInput } from "./drilling/step.ts";

export const handler = lambda(DrillInput, (input, world) => chooseDrillCopy(world, input));
