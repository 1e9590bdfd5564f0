/** Gives the cleared lease to the successor under the next epoch. */
import { lambda } from "../lambda.ts";
import { Step } from "./moving/step.ts";
import { takeLeaseForSuccessor } from "./moving/taking.ts";

export const handler = lambda(Step, (step, world) => takeLeaseForSuccessor(world, step));
