/** `ha failover <role>`: move a role now: its holder is fenced, or waited out if it does not answer. */
import type { Command } from "../command.ts";
import { moveOptions } from "../move-options.ts";
import { startMove } from "../start-move.ts";

export const failoverCommand: Command = {
  usage: "failover <role>",
  summary: "move a role now: its holder is fenced, or waited out if it does not answer",
  examples: [
    ["$0 failover primary", "to the best standby"],
    ['$0 failover primary --to n3 --reason "disk is failing"', "to a certain one"],
  ],
  build: moveOptions,
  run: (options, operations, io) => startMove("failover", options, operations, io),
};
