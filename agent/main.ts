/**
 * The agent's process: `node agent/main.ts --config <file>`. Ends with 0 after SIGTERM or SIGINT (cleanly, with a closing
 * record), with 2 where the configuration or the key is wrong, with 1 after a fault of its own. SIGHUP reads the control
 * keys again; while none is pinned the file is read again each second.
 */
import { parseArgs } from "node:util";
import { systemClock } from "../adapters/clock-system.ts";
import { systemEntropy } from "../adapters/entropy-system.ts";
import { evmNodes } from "../adapters/node-evm.ts";
import { RegionName, RoleName } from "../core/kernel/ids.ts";
import { type AgentConfig, readAgentConfig } from "./config.ts";
import { jsonLog } from "./log.ts";
import { type RunningAgent, startAgent } from "./start.ts";
import type { Floor } from "./store.ts";
import { unlockKey } from "./unlock.ts";

const USAGE = "node agent/main.ts --config <file> [--initialize [--floor <role>=<epoch>:<slot>]...]";
const EXIT = { fault: 1, configuration: 2 } as const;
const REREAD_MS = 1_000;
/** Every address in an agent's configuration is one URL, so the Region by which a prober would choose is of no account. */
const ANY_REGION = RegionName.parse("us-east-1");

const clock = systemClock();

function quit(code: number, lines: readonly string[]): never {
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(code);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: "string" },
        initialize: { type: "boolean", default: false },
        floor: { type: "string", multiple: true, default: [] },
      },
    });
    return values;
  } catch (error) {
    return quit(EXIT.configuration, [error instanceof Error ? error.message : String(error), USAGE]);
  }
}

function readFloor(text: string): Floor {
  const parts = /^([a-z0-9-]+)=(\d{1,15}):(\d{1,15})$/.exec(text);
  const role = RoleName.safeParse(parts?.[1]);
  if (!parts || !role.success) return quit(EXIT.configuration, [`--floor ${text} is not <role>=<epoch>:<slot>, such as validator=7:123456`]);
  return { role: role.data, epoch: Number(parts[2]), slot: Number(parts[3]) };
}

async function readConfig(path: string): Promise<AgentConfig> {
  const read = await readAgentConfig(path);
  return read.kind === "read" ? read.config : quit(EXIT.configuration, read.faults);
}

async function run(): Promise<void> {
  const args = readArguments();
  if (args.config === undefined) return quit(EXIT.configuration, [USAGE]);
  if (args.floor.length > 0 && !args.initialize) return quit(EXIT.configuration, ["--floor is for --initialize"]);
  const path = args.config;
  const config = await readConfig(path);
  const unlocked = await unlockKey(config);
  if (unlocked.kind === "refused") return quit(EXIT.configuration, [unlocked.reason]);
  const log = jsonLog({ fleet: config.fleet, node: config.node, wallMs: () => clock.wallMs(), write: (line) => process.stdout.write(line) });
  const running = await startAgent({
    config,
    privateKey: unlocked.privateKey,
    nodes: evmNodes({ region: ANY_REGION }),
    clock,
    entropy: systemEntropy(),
    log,
    initialize: args.initialize ? { floors: args.floor.map(readFloor) } : null,
  });

  let pinnedCount = 0;
  const pin = (keys: readonly string[]): void => {
    const faults = running.pin(keys);
    if (faults.length > 0) {
      log.warn("the control keys were not taken over", { faults });
      return;
    }
    if (keys.length > 0) log.decision({ module: "agent", subject: config.node, kind: "keys-pinned", reason: `${keys.length} control keys` });
    pinnedCount = keys.length;
  };
  pin(config.controlKeys);
  const reread = async (): Promise<void> => {
    const again = await readAgentConfig(path);
    if (again.kind === "read") pin(again.config.controlKeys);
    else log.warn("the configuration is not valid now; the one before stays", { faults: again.faults });
  };
  process.on("SIGHUP", () => void reread());
  const timer = setInterval(() => {
    if (pinnedCount === 0) void reread();
  }, REREAD_MS);

  endOn(["SIGTERM", "SIGINT"], timer, running);
  log.decision({
    module: "agent",
    subject: config.node,
    kind: "listening",
    reason: `commands on ${config.listen.host}:${running.commandPort}, questions on ${config.sign.host}:${running.signPort}`,
  });
}

function endOn(signals: readonly NodeJS.Signals[], timer: NodeJS.Timeout, running: RunningAgent): void {
  let ending = false;
  for (const signal of signals) {
    process.on(signal, () => {
      if (ending) return;
      ending = true;
      clearInterval(timer);
      running.close().then(
        () => process.exit(0),
        (error: unknown) => quit(EXIT.fault, [`the agent did not end cleanly: ${error instanceof Error ? error.message : String(error)}`]),
      );
    });
  }
}

/** Imported, as the cold-start bench does, it only loads. */
if (import.meta.main)
  run().catch((error: unknown) => quit(EXIT.fault, [`the agent cannot run: ${error instanceof Error ? error.message : String(error)}`]));
