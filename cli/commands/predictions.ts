/** `ha predictions`: what is foretold of each node now, what was foretold before, and whether it was right. */
import type { Prediction } from "../../core/kernel/prediction.ts";
import { type Command, numberOption } from "../command.ts";
import { readForesight } from "../facts/foresight.ts";
import { renderForesight } from "../render/foresight.ts";

const LIMIT = 20;

export const predictionsCommand: Command = {
  usage: "predictions",
  summary: "what is foretold of each node, what was done about it, and how often it was right",
  examples: [
    ["$0 predictions", "each node's now, and the newest that were scored"],
    ["$0 predictions --limit 100 --json", "with every feature, for a program"],
  ],
  build: (argv) => argv.option("limit", { type: "number", default: LIMIT, describe: "how many scored ones at most" }),
  async run(options, operations, io) {
    const limit = Math.min(1_000, Math.max(1, Math.floor(numberOption(options, "limit") ?? LIMIT)));
    const facts = await readForesight(operations, limit);
    const scored: readonly Prediction[] = facts.scored;
    return { data: { schema: 1, ...facts, scored }, text: renderForesight(io.paint, facts, operations.clock.wallMs()) };
  },
};
