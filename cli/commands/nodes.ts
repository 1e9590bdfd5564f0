/** `ha nodes`: every node, as each observer sees it. */
import type { Command } from "../command.ts";
import { readNodeRows } from "../facts/node-rows.ts";
import { renderNodes } from "../render/nodes.ts";

export const nodesCommand: Command = {
  usage: "nodes",
  summary: "every node: head, lag, each observer's verdict, standing, what it holds",
  examples: [["$0 nodes", "a table, and the reason of each verdict that is not healthy"]],
  build: (argv) => argv,
  async run(_options, operations, io) {
    const nodes = await readNodeRows(operations);
    return { data: { schema: 1, fleet: operations.fleetName, nodes }, text: renderNodes(io.paint, nodes) };
  },
};
