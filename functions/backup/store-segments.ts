/** Reads, verifies and stores one batch of the ledger's segments, at the pace that the node can bear. */
import { lambda } from "../lambda.ts";
import { BatchStep, storeSegments } from "./ledger/steps.ts";

export const handler = lambda(BatchStep, (step, world) => storeSegments(world, step));
