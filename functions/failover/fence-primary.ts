/** Revokes the old holder's lease and has its agent's word, or waits the lease out. */
import { lambda } from "../lambda.ts";
import { fencePrimary } from "./moving/fencing.ts";
import { Step } from "./moving/step.ts";

export const handler = lambda(Step, (step, world, invocation) => fencePrimary(world, step, invocation));
