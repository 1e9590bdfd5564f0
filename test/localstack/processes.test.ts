/**
 * Laws of the warden: nothing that a start began outlives it, whichever way it ends; a signal reaches a process with all its
 * children; and an earlier start's leftovers are ended only where they are provably its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import * as fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { exclusively } from "../../localstack/processes/exclusive.ts";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";
import { identify, isSame, type ProcessIdentity } from "../../localstack/processes/process-identity.ts";
import { clearEarlierStart } from "../../localstack/processes/stale-start.ts";
import { readState, stateFile } from "../../localstack/processes/state-file.ts";

/** Generous: it bounds a test that has failed, and is never waited for by one that passes. */
const WAIT_MS_MAX = 20_000;
const supervisorProgram = resolve(import.meta.dirname, "processes-supervisor.ts");
/** A shell that refuses to end when asked, and its child. */
const STUBBORN = ["-c", 'trap "" TERM; echo stubborn; sleep 300 & while :; do sleep 1; done'];

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-processes-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function open(folder = newFolder()): Promise<Processes> {
  const processes = await openProcesses({ folder });
  cleanups.push(() => processes.close());
  return processes;
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const limit = performance.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`waited ${WAIT_MS_MAX} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Every living process of a group with its state ("T" is stopped); zombies are dead. */
async function states(group: number): Promise<Map<number, string>> {
  const ps = spawn("ps", ["-A", "-o", "pid=,pgid=,stat="], { stdio: ["ignore", "pipe", "inherit"] });
  const found = new Map<number, string>();
  for await (const line of createInterface({ input: ps.stdout })) {
    const [pid, pgid, state] = line.trim().split(/\s+/);
    if (Number(pgid) === group && state !== undefined && !state.startsWith("Z")) found.set(Number(pid), state);
  }
  return found;
}

const members = async (group: number): Promise<number[]> => [...(await states(group)).keys()];

type Announced = { warden: number; wards: number[] };
async function superviseElsewhere(folder: string, how = "wait"): Promise<{ supervisor: ChildProcess; announced: Announced }> {
  const supervisor = spawn(process.execPath, [supervisorProgram, folder, how], { stdio: ["ignore", "pipe", "inherit"] });
  cleanups.push(() => void supervisor.kill("SIGKILL"));
  for await (const line of createInterface({ input: supervisor.stdout })) return { supervisor, announced: JSON.parse(line) };
  throw new Error("the supervisor said nothing");
}

test.each(["SIGKILL", "SIGTERM", "SIGINT", "exception", "exit"] as const)("no process outlives a supervisor that ends by %s", async (how) => {
  const isSignal = how.startsWith("SIG");
  const { supervisor, announced } = await superviseElsewhere(newFolder(), isSignal ? "wait" : how);
  const leaders = [announced.warden, ...announced.wards];
  if (isSignal) {
    for (const leader of leaders) expect(await members(leader), `group ${leader} before`).not.toEqual([]);
    supervisor.kill(how as NodeJS.Signals);
  }
  for (const leader of leaders) await until(`group ${leader} is gone`, async () => (await members(leader)).length === 0);
});

test("a warden that is killed takes every process with it, and says so", async () => {
  const processes = await openProcesses({ folder: newFolder() });
  const child = await processes.start({ name: "a", command: "sh", args: STUBBORN });
  const state = readState(resolve(child.log, "../.."));
  if (state.kind !== "found") throw new Error("no state was written");
  process.kill(state.state.warden.pid, "SIGKILL");
  expect(await processes.lost).toMatch(/warden .* ended with SIGKILL/);
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  await until("the group is gone", async () => (await members(child.pid)).length === 0);
  await expect(processes.start({ name: "b", command: "true", args: [] })).rejects.toThrow("not running any more");
  await processes.close();
});

test("stop ends a group whose members refuse to be asked", async () => {
  const processes = await open();
  const child = await processes.start({ name: "stubborn", command: "sh", args: STUBBORN });
  await until("it speaks", () => readFileSync(child.log, "utf8").includes("stubborn"));
  await processes.stop("stubborn");
  expect(await members(child.pid)).toEqual([]);
  expect(processes.find("stubborn")).toBeUndefined();
});

test("a leader that dies leaves none of its children behind", async () => {
  const processes = await open();
  const child = await processes.start({ name: "leader", command: "sh", args: ["-c", "sleep 300 & sleep 300 & exec sh -c 'exit 7'"] });
  expect(await child.exited).toEqual({ code: 7, signal: null });
  await until("the group is gone", async () => (await members(child.pid)).length === 0);
});

test("a stopped process can still be stopped for good, and a woken one goes on", async () => {
  const processes = await open();
  const child = await processes.start({ name: "sleeper", command: "sh", args: ["-c", "sleep 300 & wait"] });
  await until("the shell has its child", async () => (await members(child.pid)).length === 2);
  const stopped = async (): Promise<number> => [...(await states(child.pid)).values()].filter((state) => state.startsWith("T")).length;
  await child.signal("SIGSTOP");
  await until("both stand still", async () => (await stopped()) === 2);
  await child.signal("SIGCONT");
  await until("both go on", async () => (await stopped()) === 0);
  await child.signal("SIGSTOP");
  await until("both stand still again", async () => (await stopped()) === 2);
  await processes.stop("sleeper");
  expect(await members(child.pid)).toEqual([]);
  await expect(child.signal("SIGCONT")).rejects.toThrow("no process named sleeper is running");
});

test("restart gives a new process under the old name, and its log goes on", async () => {
  const processes = await open();
  const order = {
    name: "echo",
    command: "sh",
    args: ["-c", 'echo "$GREETING"; exec sleep 300'],
    env: { PATH: process.env.PATH ?? "", GREETING: "here" },
  };
  const first = await processes.start(order);
  await until("it speaks", () => readFileSync(first.log, "utf8") === "here\n");
  await expect(processes.start(order)).rejects.toThrow("a process named echo is running");
  const second = await processes.restart("echo");
  expect(second.pid).not.toBe(first.pid);
  await until("it speaks again", () => readFileSync(second.log, "utf8") === "here\nhere\n");
  await expect(processes.restart("never")).rejects.toThrow("nothing was ever started under the name never");
});

test("a start that cannot succeed says why", async () => {
  const processes = await open();
  await expect(processes.start({ name: "ghost", command: "/no/such/program", args: [] })).rejects.toThrow("/no/such/program could not be started");
  const never = { check: async () => false, withinMs: 100 };
  await expect(processes.start({ name: "mute", command: "sleep", args: ["300"], ready: never })).rejects.toThrow("not ready within 100 ms");
  expect(processes.find("mute")).toBeUndefined();
  const short = processes.start({ name: "short", command: "false", args: [], ready: { ...never, withinMs: WAIT_MS_MAX } });
  await expect(short).rejects.toThrow("short ended before it was ready (exit 1)");
});

test("any sequence of orders leaves nothing running after close", async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("start" as const),
      name: fc.constantFrom("a", "b", "c"),
      command: fc.constantFrom("sleep 300", "exit 3", "sleep 300 & wait"),
    }),
    fc.record({
      kind: fc.constantFrom("stop" as const, "restart" as const, "freeze" as const, "kill" as const),
      name: fc.constantFrom("a", "b", "c"),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      const processes = await openProcesses({ folder: newFolder() });
      const pids: number[] = [];
      for (const each of steps) {
        const child = processes.find(each.name);
        if (each.kind === "start" && !child) pids.push((await processes.start({ name: each.name, command: "sh", args: ["-c", each.command] })).pid);
        else if (child && each.kind === "stop") await processes.stop(each.name);
        else if (child && each.kind === "restart") pids.push((await processes.restart(each.name)).pid);
        // The process may end by itself between the look and the signal: then there is nobody to tell.
        else if (child && each.kind !== "start") await child.signal(each.kind === "kill" ? "SIGKILL" : "SIGSTOP").catch(() => undefined);
      }
      await processes.close();
      for (const pid of pids) expect(await members(pid)).toEqual([]);
    }),
    { numRuns: 8 },
  );
});

test("state.json is its owner's alone, names what runs, carries what is remembered, and goes on close", async () => {
  const folder = newFolder();
  const processes = await openProcesses({ folder });
  const child = await processes.start({ name: "a", command: "sleep", args: ["300"] });
  processes.remember({ endpoint: "http://127.0.0.1:1", control: { token: "secret" } });
  const names = (): string[] => {
    const reading = readState(folder);
    return reading.kind === "found" ? reading.state.processes.map((each) => `${each.name}:${each.pid}`) : [];
  };
  await until("the process is written down", () => names().includes(`a:${child.pid}`));
  expect(readState(folder)).toMatchObject({ kind: "found", state: { endpoint: "http://127.0.0.1:1", control: { token: "secret" } } });
  expect(statSync(stateFile(folder)).mode & 0o777).toBe(0o600);
  await expect(openProcesses({ folder })).rejects.toThrow(`is held by process ${process.pid}`);
  expect(await clearEarlierStart(folder)).toEqual({ kind: "running", pid: process.pid });
  await processes.stop("a");
  await until("the process is struck out", () => names().length === 0);
  await processes.close();
  expect(readState(folder)).toEqual({ kind: "absent" });
  expect(await clearEarlierStart(folder)).toEqual({ kind: "none" });
});

test("the next start ends what a start left that was killed together with its warden", async () => {
  const folder = newFolder();
  const { supervisor, announced } = await superviseElsewhere(folder);
  await until("both processes are written down", () => {
    const reading = readState(folder);
    return reading.kind === "found" && reading.state.processes.length === announced.wards.length;
  });
  process.kill(announced.warden, "SIGSTOP");
  supervisor.kill("SIGKILL");
  await once(supervisor, "exit");
  process.kill(announced.warden, "SIGKILL");
  await until("the warden is gone", async () => (await identify([announced.warden])).size === 0);
  for (const ward of announced.wards) expect(await members(ward)).not.toEqual([]);
  expect(await clearEarlierStart(folder)).toEqual({ kind: "cleared", ended: ["one", "two"] });
  for (const ward of announced.wards) expect(await members(ward)).toEqual([]);
});

test("a number that now names another process is not ended", async () => {
  const folder = newFolder();
  const bystander = spawn("sleep", ["300"], { detached: true, stdio: "ignore" });
  cleanups.push(() => void bystander.kill("SIGKILL"));
  const identity = (await identify([bystander.pid ?? 0])).get(bystander.pid ?? 0);
  if (!identity) throw new Error("the bystander is not listed");
  const earlier: ProcessIdentity = { ...identity, startedAtMs: identity.startedAtMs - 3_600_000 };
  writeFileSync(stateFile(folder), JSON.stringify({ format: 1, supervisor: earlier, warden: earlier, processes: [{ ...earlier, name: "a" }] }));
  expect(await clearEarlierStart(folder)).toEqual({ kind: "cleared", ended: [] });
  expect(await members(identity.pid)).toEqual([identity.pid]);
});

test("a process is the same only if both its number and its start agree", () => {
  const identity = fc.record({ pid: fc.integer({ min: 2, max: 99_999 }), startedAtMs: fc.nat(2e12), command: fc.string() });
  fc.assert(
    fc.property(identity, identity, fc.integer({ min: -2_000, max: 2_000 }), (one, other, jitterMs) => {
      expect(isSame(one, { ...one, startedAtMs: one.startedAtMs + jitterMs })).toBe(true);
      expect(isSame(one, { ...one, startedAtMs: one.startedAtMs + 2_001 })).toBe(false);
      if (one.pid !== other.pid) expect(isSame(one, { ...one, pid: other.pid })).toBe(false);
      expect(isSame(one, undefined)).toBe(false);
    }),
  );
});

test("a state file that makes no sense ends nothing and blocks nobody", async () => {
  const folder = newFolder();
  writeFileSync(stateFile(folder), '{"format": 1, "supervisor"');
  expect(readState(folder).kind).toBe("unreadable");
  expect(await clearEarlierStart(folder)).toEqual({ kind: "cleared", ended: [] });
  expect(readState(folder)).toEqual({ kind: "absent" });
});

test("of many at once only one works at a time, and a dead holder's lock is taken over", async () => {
  const lock = join(newFolder(), "lock");
  const dead = spawn("true", { stdio: "ignore" });
  await once(dead, "exit");
  writeFileSync(lock, JSON.stringify({ pid: dead.pid, startedAtMs: 0, command: "true" }));
  let working = 0;
  const turn = () =>
    exclusively(lock, WAIT_MS_MAX, async () => {
      working += 1;
      expect(working).toBe(1);
      await new Promise(setImmediate);
      working -= 1;
    });
  await Promise.all(Array.from({ length: 5 }, turn));
  await expect(exclusively(lock, WAIT_MS_MAX, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  await exclusively(lock, WAIT_MS_MAX, () => expect(exclusively(lock, 300, async () => undefined)).rejects.toThrow(`held by process ${process.pid}`));
});
