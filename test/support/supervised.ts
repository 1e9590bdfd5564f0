/** Folders, supervisors and groups of processes for the tests of the warden; all of it is gone after each test. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach } from "vitest";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";

/** Generous: it bounds a test that has failed, and is never waited for by one that passes. */
export const WAIT_MS_MAX = 20_000;
const supervisorProgram = resolve(import.meta.dirname, "../localstack/processes-supervisor.ts");
/** A shell that refuses to end when asked, and its child. */
export const STUBBORN = ["-c", 'trap "" TERM; echo stubborn; sleep 300 & while :; do sleep 1; done'];

export const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-processes-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function open(folder = newFolder()): Promise<Processes> {
  const processes = await openProcesses({ folder });
  cleanups.push(() => processes.close());
  return processes;
}

export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const limit = performance.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`waited ${WAIT_MS_MAX} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Every living process of a group with its state ("T" is stopped); zombies are dead. */
export async function states(group: number): Promise<Map<number, string>> {
  const ps = spawn("ps", ["-A", "-o", "pid=,pgid=,stat="], { stdio: ["ignore", "pipe", "inherit"] });
  const found = new Map<number, string>();
  for await (const line of createInterface({ input: ps.stdout })) {
    const [pid, pgid, state] = line.trim().split(/\s+/);
    if (Number(pgid) === group && state !== undefined && !state.startsWith("Z")) found.set(Number(pid), state);
  }
  return found;
}

export const members = async (group: number): Promise<number[]> => [...(await states(group)).keys()];

type Announced = { warden: number; wards: number[] };
export async function superviseElsewhere(folder: string, how = "wait"): Promise<{ supervisor: ChildProcess; announced: Announced }> {
  const supervisor = spawn(process.execPath, [supervisorProgram, folder, how], { stdio: ["ignore", "pipe", "inherit"] });
  cleanups.push(() => void supervisor.kill("SIGKILL"));
  for await (const line of createInterface({ input: supervisor.stdout })) return { supervisor, announced: JSON.parse(line) };
  throw new Error("the supervisor said nothing");
}
