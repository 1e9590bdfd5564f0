/** Gives a group's actuator the order that was decided: so many more units, or the end of those that are named. */
import { lambda } from "../lambda.ts";
import { resizeGroup } from "./resizing/resizing.ts";
import { ScaleRound } from "./round.ts";

export const handler = lambda(ScaleRound, (input, world) => resizeGroup(world, input));
