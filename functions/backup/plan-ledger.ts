/** Plans what of the ledger is still to be read. */
import { lambda } from "../lambda.ts";
import { LedgerStep, planLedger } from "./ledger/steps.ts";

export const handler = lambda(LedgerStep, (step, world) => planLedger(world, step));
