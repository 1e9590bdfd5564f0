/** `ha backup …`: makes, shows, proves and restores the fleet's backups. */
import { WAIT_SECONDS } from "../backup/waits.ts";
import type { Command } from "../command.ts";

const ACTIONS = ["now", "list", "show", "diff", "verify", "restore", "cancel", "drain", "resume", "drill", "rotate"] as const;
export type Action = (typeof ACTIONS)[number];

export const backupCommand: Command = {
  usage: "backup <action> [what] [other]",
  summary: "back up, list, show, compare, verify, restore, cancel, drain and resume, drill, rotate keys",
  examples: [
    ["$0 backup now", "every source that the fleet file names"],
    ["$0 backup list", "what there is, where it is complete, and what was proven"],
    ["$0 backup drill", "restores the newest copy in the farther Region, boots it, checks it"],
    ["$0 backup restore n2 --to ./n2-data", "the newest backup of n2, from the nearest Region that has it"],
    ["$0 backup restore n2 --at 120000 --to ./n2-data", "the newest that is final at block 120000 or below"],
    ["$0 backup restore n2 --to n4", "onto n4's host, by its agent"],
    ["$0 backup diff n2/3 n2/5", "what two backups differ in"],
  ],
  build: (argv) =>
    argv
      .positional("action", { choices: ACTIONS, describe: "what to do", demandOption: true })
      .positional("what", { type: "string", describe: "a source (n2) or a backup (n2/3); else all, or the newest" })
      .positional("other", { type: "string", describe: "diff: the other backup" })
      .option("to", { type: "string", describe: "restore: a folder that does not exist yet, or a node" })
      .option("at", { type: "string", describe: "restore: not later than this height, or time (2h, 2026-11-24T19:00:00Z)" })
      .option("full", { type: "boolean", default: false, describe: "now: read every file, whatever its times say" })
      .option("new-data-key", { type: "boolean", default: false, describe: "rotate: seal what is written from now on under a new key" })
      .option("wait", { type: "boolean", default: true, describe: "now, drill: stay until it is over" })
      .option("timeout", { type: "number", default: WAIT_SECONDS, describe: "seconds to stay" }),
  run: async (options, operations, io) => await (await import("../backup/act.ts")).act(options.action as Action, options, operations, io),
};
