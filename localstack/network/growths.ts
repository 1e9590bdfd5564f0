/**
 * What grows at the rehearsal's nodes until it ends them: a process's memory, and what lies on a host's disk. Past its limit the
 * node is killed, as the system's out-of-memory killer would, and as a node dies that can write no more; only while the fault lasts.
 */
import { rm } from "node:fs/promises";
import { systemClock } from "../../adapters/clock-system.ts";
import { diskSpace } from "../../agent/vitals/disk-space.ts";
import { nodeProcess } from "../../agent/vitals/node-process.ts";
import { fillDisk } from "./disk-fill.ts";
import { ballastOf, HOST_DISK_BYTES_MAX, hostFolder, NODE_MEMORY_BYTES_MAX, pidFileOf } from "./host-limits.ts";
import { jsonRpc } from "./json-rpc.ts";
import { leakMemory } from "./memory-leak.ts";
import type { ProcessTable } from "./process-table.ts";

export type Growing = "memory" | "disk";
export type Growths = ReturnType<typeof nodeGrowths>;
type Growth = { readonly node: string; readonly of: Growing; readonly stop: AbortController; readonly done: Promise<void> };

const MEBIBYTE = 1024 ** 2;
const mebibytes = (bytes: number): string => `${Math.round(bytes / MEBIBYTE)} MiB`;

export function nodeGrowths(parts: {
  readonly folder: string;
  readonly hosts: readonly { readonly id: string; readonly rpcPort: number }[];
  readonly processes: Pick<ProcessTable, "signal">;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
  readonly limits?: { readonly memoryBytes: number; readonly diskBytes: number };
}) {
  const { folder, hosts, processes, log } = parts;
  const { memoryBytes, diskBytes } = parts.limits ?? { memoryBytes: NODE_MEMORY_BYTES_MAX, diskBytes: HOST_DISK_BYTES_MAX };
  const clock = systemClock();
  const growing = new Map<string, Growth>();

  /** Begins anew where it grew already. */
  async function begin(node: string, of: Growing, overMs: number): Promise<string> {
    const host = hosts.find(({ id }) => id === node);
    if (host === undefined) throw new RangeError(`the rehearsal network has no node ${node}`);
    await end((one) => one.node === node && one.of === of);
    const found = nodeProcess({ pidFile: pidFileOf(folder, node) });
    const process = await found.look();
    if (process === null) return `${node} was not running`;
    const look = async () => {
      const now = await found.look();
      return now?.pid === process.pid ? now : null;
    };
    const stop = new AbortController();
    const common = { overMs, signal: stop.signal, sleep: clock.sleep };
    const work = of === "memory" ? leak({ ...host, look, common }) : fill({ ...host, look, common });
    const done = work
      .catch((error: unknown) => log({ kind: "growth-failed", node, of, reason: error instanceof Error ? error.message : String(error) }))
      .finally(() => {
        if (growing.get(`${node} ${of}`)?.stop === stop) growing.delete(`${node} ${of}`);
      });
    growing.set(`${node} ${of}`, { node, of, stop, done });
    const limit = mebibytes(of === "memory" ? memoryBytes : diskBytes);
    return `${node}'s ${of === "memory" ? "memory" : "disk"} reaches ${limit} in ${Math.round(overMs / 1_000)} s, and ends it`;
  }

  type Facts = { id: string; rpcPort: number; look: ReturnType<typeof nodeProcess>["look"]; common: Common };
  type Common = { overMs: number; signal: AbortSignal; sleep: (ms: number, signal?: AbortSignal) => Promise<void> };

  async function leak({ id, rpcPort, look, common }: Facts): Promise<void> {
    const rpc = jsonRpc(rpcPort);
    const residentBytes = async () => (await look())?.memoryBytes ?? null;
    const reached = await leakMemory({ rpc, residentBytes, limitBytes: memoryBytes, ...common }).finally(rpc.close);
    if (reached !== null && !common.signal.aborted)
      await kill(id, `its ${mebibytes(reached)} of memory are more than the ${mebibytes(memoryBytes)} it may use`);
  }

  async function fill({ id, look, common }: Facts): Promise<void> {
    // A new look each time: the agent's own count may be seconds old.
    const freeBytes = async () =>
      (await diskSpace({ folder: hostFolder(folder, id), bytesMax: diskBytes, everyMs: 0, clock }).look())?.freeBytes ?? null;
    const isRunning = async () => (await look()) !== null;
    const full = await fillDisk({ file: ballastOf(folder, id), freeBytes, isRunning, ...common });
    if (full && !common.signal.aborted) await kill(id, `nothing is free of the ${mebibytes(diskBytes)} of its disk`);
  }

  async function kill(id: string, reason: string): Promise<void> {
    await processes.signal(id, "SIGKILL");
    log({ kind: "killed-by-limit", node: id, reason });
  }

  /** Memory that a node took stays with it until it is started again; ballast stays until `heal`. */
  async function end(which: (growth: Growth) => boolean = () => true): Promise<string[]> {
    const ended = [...growing.values()].filter(which);
    for (const { stop } of ended) stop.abort();
    await Promise.all(ended.map(({ done }) => done));
    return ended.map(({ node, of }) => `${node}'s ${of}`);
  }

  return {
    begin,
    /** Nothing grows any more, and every disk has its space again. */
    async heal(): Promise<string | undefined> {
      const ended = await end();
      await Promise.all(hosts.map(({ id }) => rm(ballastOf(folder, id), { force: true })));
      return ended.length === 0 ? undefined : `grows no more: ${ended.join(", ")}`;
    },
    states: () => [...growing.values()].map(({ node, of }) => ({ node, of })),
  };
}
