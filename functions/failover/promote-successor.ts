/** Hands over the state, sends the first grant, promotes. */
import { lambda } from "../lambda.ts";
import { promoteSuccessor } from "./moving/promoting.ts";
import { TakenStep } from "./moving/taking.ts";

export const handler = lambda(TakenStep, (step, world) => promoteSuccessor(world, step));
