/** How an anvil is started so that four of them are one network: one genesis, no mining of their own, all in memory. */
import { createRequire } from "node:module";
import { arch, platform } from "node:process";
import { LOOPBACK } from "./free-port.ts";
import type { ProcessSpec } from "./process-starter.ts";

export const CHAIN_ID = 31_337;
/**
 * A node can roll back this far in place; a deeper one starts empty again. Without a bound it would spill states to disk. Each state
 * holds the hashes of all blocks before it: a thousand states grew by 240 MB with each thousand blocks, a hundred by 25 MB.
 */
const STATES_KEPT = 100;

export function anvilBinary(): string {
  const machine = { x64: "amd64", arm64: "arm64" }[arch as string];
  const name = `@foundry-rs/anvil-${platform}-${machine}`;
  const binary = `${name}/bin/anvil${platform === "win32" ? ".exe" : ""}`;
  try {
    return createRequire(import.meta.url).resolve(binary);
  } catch (cause) {
    throw new Error(`the rehearsal network needs ${name}, which is not installed here: run npm install without --omit=optional`, { cause });
  }
}

export function anvilProcess(node: { id: string; rpcPort: number; genesisTime: number }): ProcessSpec {
  const args = [
    ["--host", LOOPBACK],
    ["--port", String(node.rpcPort)],
    ["--chain-id", String(CHAIN_ID)],
    ["--timestamp", String(node.genesisTime)],
    ["--no-mining"],
    // A block is replayed with its transactions in the order in which they are handed in.
    ["--order", "fifo"],
    ["--prune-history", String(STATES_KEPT)],
    ["--quiet"],
  ].flat();
  return { name: node.id, command: anvilBinary(), args };
}
