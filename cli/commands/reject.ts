/** `ha reject <incident>`: leave the role where it is, and end the incident that waits. */
import type { Command } from "../command.ts";
import { decide } from "../decide.ts";

export const rejectCommand: Command = {
  usage: "reject <incident>",
  summary: "leave the role where it is, and end the incident that waits",
  examples: [["$0 reject primary", "the role's open incident"]],
  build: (argv) => argv.positional("incident", { type: "string", demandOption: true, describe: "an id, a role's name, or latest" }),
  run: (options, operations) => decide(false, options, operations),
};
