/** Makes one backup of what all batches have stored. */
import { lambda } from "../lambda.ts";
import { completeLedger, LedgerStep } from "./ledger/steps.ts";

export const handler = lambda(LedgerStep, (step, world) => completeLedger(world, step));
