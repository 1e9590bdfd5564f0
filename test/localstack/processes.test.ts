import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openProcesses } from "../../localstack/processes/open-processes.ts";
import { readState } from "../../localstack/processes/state-file.ts";
import { members, newFolder, open, STUBBORN, states, superviseElsewhere, until, WAIT_MS_MAX } from "../support/supervised.ts";

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
