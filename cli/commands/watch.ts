/** `ha watch`: the fleet as it lives, until Ctrl-C. */
import type { Command } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { runLiveView } from "../live-view.ts";

export const watchCommand: Command = {
  usage: "watch",
  summary: "the fleet as it lives: nodes, roles, watchers, events, redrawn each second",
  examples: [
    ["$0 watch", "until Ctrl-C"],
    ["$0 watch | tee fleet.log", "events and a status line each ten seconds"],
  ],
  build: (argv) => argv,
  async run(_options, operations, io) {
    if (io.json) {
      throw new CommandFailed({
        code: EXIT.usage,
        sentence: "watch is for people and has no --json.",
        next: "For programs: `ha events --follow --json`, or `ha status --json` as often as needed.",
      });
    }
    await runLiveView({ ...operations, out: io.out, paint: io.paint, signal: io.signal });
    return null;
  },
};
