/** `ha model …`: shows the model that foretells faults, has one trained, and shows how candidates fared beside it. */
import { askForTraining, TRAIN_WAIT_SECONDS } from "../ask-training.ts";
import type { Command } from "../command.ts";
import { readModelFacts } from "../facts/model.ts";
import { renderComparisons, renderModel } from "../render/model.ts";

const ACTIONS = ["show", "train", "compare"] as const;

export const modelCommand: Command = {
  usage: "model <action>",
  summary: "show the live model and what it is worth, train one now, compare candidates with it",
  examples: [
    ["$0 model show", "version, what it was trained on, its trial beside baselines, whether it may speak"],
    ["$0 model train", "trains a candidate on what is known now; it goes live only if it is better"],
    ["$0 model compare", "the newest candidates beside the live one of their time"],
  ],
  build: (argv) =>
    argv
      .positional("action", { choices: ACTIONS, describe: "what to do", demandOption: true })
      .option("wait", { type: "boolean", default: true, describe: "train: stay until it is over" })
      .option("timeout", { type: "number", default: TRAIN_WAIT_SECONDS, describe: "train: seconds to stay" }),
  async run(options, operations, io) {
    if (options.action === "train") return await askForTraining(options, operations, io);
    const facts = await readModelFacts(operations);
    const nowMs = operations.clock.wallMs();
    if (options.action === "compare")
      return {
        data: { schema: 1, live: facts.live?.version ?? null, candidates: facts.candidates },
        text: renderComparisons(io.paint, facts, nowMs),
      };
    return { data: { schema: 1, live: facts.live, decision: facts.decision, nodes: facts.nodes }, text: renderModel(io.paint, facts, nowMs) };
  },
};
