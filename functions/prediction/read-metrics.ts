/** Each minute, reads the metrics that the fleet file names and that are due, and keeps what is new beside the vitals. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { readMetrics } from "./keeping/metric-reading.ts";

export const handler = lambda(z.object({}), (_input, world) => readMetrics(world));
