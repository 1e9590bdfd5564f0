/** Holds the booted node against the network, until it has caught up. */
import { lambda } from "../lambda.ts";
import { DrillStep } from "./drilling/step.ts";
import { verifyNode } from "./drilling/verifying.ts";

export const handler = lambda(DrillStep, (step, world, invocation) => verifyNode(world, step, invocation));
