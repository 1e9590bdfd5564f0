/**
 * What `npm start` shows once the rehearsal lives: the CLI's live view, with the heights asked of the nodes themselves, since
 * here they stand on this machine and a height that is a second old is worth watching.
 */
import { evmNodes } from "../adapters/node-evm.ts";
import type { Out } from "../cli/command.ts";
import { runLiveView } from "../cli/live-view.ts";
import { painted } from "../cli/render/paint.ts";
import type { Fleet } from "../core/kernel/fleet.ts";
import type { Clock, Registry } from "../core/kernel/ports.ts";

export type Feed = { registry: Registry; fleet: Fleet; clock: Clock; out: Out; signal: AbortSignal };

/** Runs until `signal`. `registry` is everything's: see cli/registry-everywhere.ts for events from both Regions. */
export async function runFeed({ registry, fleet, clock, out, signal }: Feed): Promise<void> {
  const nodes = evmNodes({ region: fleet.regions.home, finality: fleet.chain.finality });
  const paint = painted(out.isTTY === true && process.env.NO_COLOR === undefined);
  try {
    await runLiveView({ registry, fleetName: fleet.fleet, fleet, nodes, clock, out, paint, signal });
  } finally {
    nodes.close();
  }
}
