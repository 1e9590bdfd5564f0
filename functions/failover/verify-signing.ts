/** Waits for a block by the successor in a slot that it was granted. */
import { lambda } from "../lambda.ts";
import { PromotedStep } from "./moving/promoting.ts";
import { verifySigning } from "./moving/verifying.ts";

export const handler = lambda(PromotedStep, (step, world, invocation) => verifySigning(world, step, invocation));
