/** `ha switchover <role>`: hand a role over without a fault: the holder signs one more slot and gives it up. */
import type { Command } from "../command.ts";
import { moveOptions } from "../move-options.ts";
import { startMove } from "../start-move.ts";

export const switchoverCommand: Command = {
  usage: "switchover <role>",
  summary: "hand a role over without a fault: the holder signs one more slot and gives it up",
  examples: [
    ["$0 switchover primary", "to the best standby"],
    ["$0 switchover primary --to n1", "back to n1"],
  ],
  build: moveOptions,
  run: (options, operations, io) => startMove("switchover", options, operations, io),
};
