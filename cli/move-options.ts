/** The options that `failover` and `switchover` share. */
import type { Argv } from "yargs";
import { WAIT_SECONDS } from "./start-move.ts";

/** What an event's `reason` may hold. */
export const REASON_MAX = 1_000;

export const moveOptions = (argv: Argv): Argv =>
  argv
    .positional("role", { type: "string", demandOption: true, describe: "the role's name" })
    .option("to", { type: "string", describe: "the node that shall have it; else the best standby" })
    .option("reason", { type: "string", describe: "for the journal", coerce: (text: string | undefined) => text?.slice(0, REASON_MAX) })
    .option("wait", { type: "boolean", default: true, describe: "stay until it is over (--no-wait returns at once)" })
    .option("timeout", { type: "number", default: WAIT_SECONDS, describe: "how many seconds to stay at most" });
