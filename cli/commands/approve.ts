/** `ha approve <incident>`: let an incident that waits for a person go on. */
import type { Command } from "../command.ts";
import { decide } from "../decide.ts";

export const approveCommand: Command = {
  usage: "approve <incident>",
  summary: "let an incident that waits for a person go on",
  examples: [["$0 approve primary", "the role's open incident"]],
  build: (argv) => argv.positional("incident", { type: "string", demandOption: true, describe: "an id, a role's name, or latest" }),
  run: (options, operations) => decide(true, options, operations),
};
