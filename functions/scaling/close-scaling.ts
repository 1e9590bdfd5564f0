/** Gives a group's cell back at the end of an execution, and tells people of an error that ended it. */
import { lambda } from "../lambda.ts";
import { closeScaling } from "./resizing/closing.ts";
import { ScaleEnd } from "./round.ts";

export const handler = lambda(ScaleEnd, (input, world) => closeScaling(world, input));
