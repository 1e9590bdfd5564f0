/** Removes old backups from its own Region's copy, and gives their space back. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { sweepOwnRegion } from "./keeping/sweeping.ts";

export const handler = lambda(z.object({}), (_input, world) => sweepOwnRegion(world));
