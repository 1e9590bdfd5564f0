/** What a start writes down of itself, what the next one makes of it, and who may work in a folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exclusively } from "../../localstack/processes/exclusive.ts";
import { openProcesses } from "../../localstack/processes/open-processes.ts";
import { identify, isSame, type ProcessIdentity } from "../../localstack/processes/process-identity.ts";
import { clearEarlierStart } from "../../localstack/processes/stale-start.ts";
import { readState, stateFile } from "../../localstack/processes/state-file.ts";
import { cleanups, members, newFolder, superviseElsewhere, until, WAIT_MS_MAX } from "../support/supervised.ts";

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
