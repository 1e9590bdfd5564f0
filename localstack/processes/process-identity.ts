/**
 * Which process a number means. Process ids are used again, so a number read from a file names a process only together with
 * the time it started; nothing is ever ended on its number alone.
 */
import { execFile } from "node:child_process";
import * as z from "zod";

export const ProcessIdentity = z.object({ pid: z.int().min(2), startedAtMs: z.int().min(0), command: z.string() });
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** `ps` says whole seconds, and Linux works them out from the time since boot, so two looks may differ by one. */
const START_TOLERANCE_MS = 2_000;
const PS_MS_MAX = 5_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;
/** "4711 Ss Tue Nov 24 19:18:17 2026 node warden.ts" */
const LINE = /^\s*(\d+)\s+(\S+)\s+\w{3}\s+(\w{3}\s+\d+\s+[\d:]{8}\s+\d{4})\s+(.*)$/;

/** The living among `pids`. Zombies are dead. Throws when `ps`, which Linux and macOS both have, cannot be run. */
export async function identify(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessIdentity>> {
  if (pids.length === 0) return new Map();
  const output = await listProcesses(pids);
  const found = new Map<number, ProcessIdentity>();
  for (const line of output.split("\n")) {
    const [, pid, state, started, command] = LINE.exec(line) ?? [];
    if (pid === undefined || state === undefined || state.startsWith("Z")) continue;
    found.set(Number(pid), { pid: Number(pid), startedAtMs: Date.parse(`${started} UTC`), command: (command ?? "").slice(0, 500) });
  }
  return found;
}

/** Those of `known` that still live and are the same processes. */
export async function stillLiving<T extends ProcessIdentity>(known: readonly T[]): Promise<T[]> {
  const living = await identify(known.map((each) => each.pid));
  return known.filter((each) => isSame(each, living.get(each.pid)));
}

export function isSame(known: ProcessIdentity, found: ProcessIdentity | undefined): boolean {
  return found !== undefined && found.pid === known.pid && Math.abs(found.startedAtMs - known.startedAtMs) <= START_TOLERANCE_MS;
}

function listProcesses(pids: readonly number[]): Promise<string> {
  const args = ["-o", "pid=,stat=,lstart=,command=", "-p", pids.join(",")];
  // Month names and hours in one language and zone, whatever the terminal speaks.
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
  return new Promise((resolve, reject) => {
    execFile("ps", args, { env, timeout: PS_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout) => {
      // Exit 1 with no line: none of them lives. That is an answer.
      if (error && error.code !== 1)
        reject(new Error(`"ps" could not be run, so nobody can tell which processes live: ${error.message}`, { cause: error }));
      else resolve(stdout);
    });
  });
}
