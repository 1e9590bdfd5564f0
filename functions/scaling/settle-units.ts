/** Tells each unit that is starting to serve once it has caught up, and gives up one that does not in time. */
import { lambda } from "../lambda.ts";
import { settleUnits } from "./resizing/settling.ts";
import { ScaleRound } from "./round.ts";

export const handler = lambda(ScaleRound, (input, world) => settleUnits(world, input));
