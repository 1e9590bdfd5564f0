/** Looks at a group's units, its demand and the forecast, and decides whether there should be more or fewer. */
import { lambda } from "../lambda.ts";
import { ScaleInput } from "./round.ts";
import { weighCapacity } from "./weighing/weighing.ts";

export const handler = lambda(ScaleInput, (input, world) => weighCapacity(world, input));
