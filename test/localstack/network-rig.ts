/** A rehearsal network for a test file, with sign doors in the place of agents. Ends with the file, whatever it started. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type Network, startNetwork } from "../../localstack/network/network.ts";
import type { ProcessStarter } from "../../localstack/network/process-starter.ts";

const POLL_MS = 20;
export const REGIONS = ["us-east-1", "us-west-2"] as const;

export type Rig = {
  readonly network: Network;
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  hold(id: string, range: { fromSlot: number; throughSlot: number }): Promise<void>;
  head(id: string): Promise<{ number: number; hash: string; slot: number; miner: string }>;
  rpc(id: string, method: string, params: readonly unknown[]): Promise<unknown>;
  slotNow(): number;
};

/** `genesisAgeS`: so many slots have passed already, for tests that give slots out by hand. */
export function useNetwork(options: { hosts: boolean; genesisAgeS?: number }): Rig {
  const logged: Readonly<Record<string, unknown>>[] = [];
  const rig = { logged } as unknown as { -readonly [K in keyof Rig]: Rig[K] };
  const { starter, endAll } = directStarter();
  const folder = mkdtempSync(join(tmpdir(), "synnergy-network-"));
  const nodeOf = (id: string) => {
    const node = rig.network.nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  };
  rig.rpc = (id, method, params) => jsonRpcTo(nodeOf(id).rpcUrl, method, params);
  rig.head = async (id) => {
    const block = (await rig.rpc(id, "eth_getBlockByNumber", ["latest", false])) as Record<"number" | "hash" | "timestamp" | "miner", string>;
    return { number: Number(block.number), hash: block.hash, slot: Number(block.timestamp) - rig.network.genesisTime, miner: block.miner };
  };
  rig.hold = async (id, range) => {
    await fetch(`http://127.0.0.1:${nodeOf(id).signPort}/hold`, { method: "POST", body: JSON.stringify(range) });
  };
  rig.slotNow = () => Math.floor(Date.now() / 1_000) - rig.network.genesisTime;
  beforeAll(async () => {
    const genesisTime = Math.floor(Date.now() / 1_000) - (options.genesisAgeS ?? 5);
    rig.network = await startNetwork({ starter, folder, regions: REGIONS, role: "primary", genesisTime, log: (line) => logged.push(line) });
    if (!options.hosts) return;
    const door = resolve(import.meta.dirname, "network-sign-door.ts");
    await rig.network.startHosts((node) => ({ command: process.execPath, args: [door, String(node.signPort)] }));
    for (const node of rig.network.nodes)
      await until("the sign door opens", () => rig.hold(node.id, { fromSlot: 0, throughSlot: -1 }).then(() => true));
  });
  afterAll(async () => {
    await rig.network.stop();
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });
  return rig;
}

/** Asks until it is so; a failure to ask counts as no. */
export async function until<T>(what: string, look: () => Promise<T | false>, withinMs = 15_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown = "no";
  while (performance.now() < deadline) {
    try {
      const found = await look();
      if (found !== false) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  throw new Error(`it did not come about within ${withinMs} ms that ${what}; the last look gave ${String(last)}`);
}

export async function jsonRpcTo(url: string, method: string, params: readonly unknown[], timeoutMs = 2_000): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const reply = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`);
  return reply.result;
}

export function directStarter(): { starter: ProcessStarter; endAll(): void } {
  const children = new Set<ChildProcess>();
  const starter: ProcessStarter = {
    async start({ command, args }) {
      const child = spawn(command, args, { stdio: "ignore" });
      children.add(child);
      const exited = new Promise<void>((settle) => child.once("exit", () => settle()));
      if (child.pid === undefined) throw new Error(`${command} could not be started`);
      return { pid: child.pid, signal: (name) => child.kill(name), exited };
    },
  };
  return {
    starter,
    endAll() {
      for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    },
  };
}
