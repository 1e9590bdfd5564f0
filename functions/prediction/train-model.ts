/** Each day, or when it is asked for, trains a model of the nodes' faults and lets it go live if it is better than the live one. */
import * as z from "zod";
import { lambda } from "../lambda.ts";
import { trainLiveModel } from "./training/training.ts";

export const handler = lambda(z.object({}), (_input, world) => trainLiveModel(world));
