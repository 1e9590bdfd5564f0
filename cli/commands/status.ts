/** `ha status`: how the fleet is, in one screen. */
import type { Command } from "../command.ts";
import { readStatus } from "../facts/fleet-status.ts";
import { renderStatus } from "../render/status.ts";

export const statusCommand: Command = {
  usage: "status",
  summary: "how the fleet is: roles and holders, watchers, network, failover budget",
  examples: [
    ["$0 status", "the fleet in one screen"],
    ["$0 status --json | jq .roles[0].holder", "who holds the first role"],
  ],
  build: (argv) => argv,
  async run(_options, operations, io) {
    const status = await readStatus(operations);
    const missing = Object.fromEntries(operations.missingRegions);
    return { data: { ...status, missingRegions: missing }, text: renderStatus(io.paint, status) };
  },
};
