/** Each hour, writes what the vitals of every node were in each day, or hour, that is over and not written yet. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { archiveVitals } from "./keeping/archiving.ts";

export const handler = lambda(z.object({}), (_input, world, invocation) => archiveVitals(world, invocation));
