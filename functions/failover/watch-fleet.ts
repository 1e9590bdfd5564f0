/** Watches the fleet's nodes from this Region until the next minute's run takes over. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { watchFleet } from "./watching/watch-fleet.ts";

const Input = z.object({
  /** One shard's name, such as "0"; all shards of this Region when absent. */
  shard: z
    .string()
    .regex(/^\d{1,3}$/)
    .optional(),
  /** Wall time at which to stop, for a run by hand. */
  untilMs: z.number().optional(),
});

export const handler = lambda(Input, (input, world, { requestId, remainingMs }) => watchFleet(world, requestId, { ...input, remainingMs }));
