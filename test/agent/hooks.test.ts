/** Hooks are argument vectors under limits, and a validator that cannot ask is started and stopped by them in time. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { runCommand } from "../../agent/hooks.ts";
import { agentRig, LEASE_MS, must, type Rig, ROLE } from "../support/agent-rig.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.end();
  rig = undefined;
});

/** A hook that appends its name, role and epoch to a file. */
const record = (file: string, code = 0) => ({
  command: [
    process.execPath,
    "-e",
    `require("node:fs").appendFileSync(${JSON.stringify(file)}, [process.env.SYNNERGY_HOOK, process.env.SYNNERGY_ROLE, process.env.SYNNERGY_EPOCH].join(" ") + "\\n"); process.exit(${code})`,
  ],
  timeoutMs: 2_000,
});
const folder = mkdtempSync(join(tmpdir(), "synnergy-hooks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fileOf = (name: string) => join(folder, name);
const linesOf = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);

/** A killed child whose new parent has not collected it yet has ended all the same. */
function stateOf(pid: number): "running" | "ended" {
  try {
    return /^[SRD]/.test(execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).trim()) ? "running" : "ended";
  } catch {
    return "ended";
  }
}

describe("a hook", () => {
  test("is not read by a shell, and does not inherit the agent's environment", async () => {
    process.env.SYNNERGY_SECRET_OF_TEST = "hidden";
    const run = await runCommand({ command: ["/usr/bin/env"], timeoutMs: 2_000 }, { PATH: "/usr/bin", ONE: "1" });
    delete process.env.SYNNERGY_SECRET_OF_TEST;
    expect(run).toEqual({ kind: "done", output: "PATH=/usr/bin\nONE=1\n" });
    const echoed = await runCommand({ command: ["/bin/echo", "$HOME; touch /tmp/never && `id`"], timeoutMs: 2_000 }, {});
    expect(echoed).toEqual({ kind: "done", output: "$HOME; touch /tmp/never && `id`\n" });
  });

  test("that outlasts its time is killed with its children, and says what it had said", async () => {
    const run = await runCommand({ command: ["/bin/sh", "-c", "sleep 20 & echo child=$!; wait"], timeoutMs: 300 }, { PATH: "/bin:/usr/bin" });
    expect(run).toMatchObject({ kind: "failed", reason: expect.stringMatching(/killed after 300 ms.*child=\d+/) });
    const child = Number(/child=(\d+)/.exec(run.kind === "failed" ? run.reason : "")?.[1]);
    await expect.poll(() => stateOf(child), { timeout: 3_000 }).toBe("ended");
  });

  test("that must give way is killed with its children at once, and is not begun at all when it must already", async () => {
    const giveWay = new AbortController();
    const file = fileOf("yielding");
    const hook = { command: ["/bin/sh", "-c", `sleep 20 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`], timeoutMs: 20_000 };
    const running = runCommand(hook, { PATH: "/bin:/usr/bin" }, giveWay.signal);
    await expect.poll(() => linesOf(file)).toHaveLength(1);
    giveWay.abort("a stop is due");
    expect(await running).toMatchObject({ kind: "failed", reason: expect.stringContaining("killed early: a stop is due") });
    await expect.poll(() => stateOf(Number(linesOf(file)[0])), { timeout: 3_000 }).toBe("ended");
    rmSync(file);
    expect(await runCommand(hook, { PATH: "/bin:/usr/bin" }, giveWay.signal)).toMatchObject({ reason: "was not run: a stop is due" });
    expect(existsSync(file)).toBe(false);
  });

  test("that cannot be started or fails is a value with a reason", async () => {
    expect(await runCommand({ command: ["/nonexistent"], timeoutMs: 500 }, {})).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining("ENOENT"),
    });
    expect(await runCommand({ command: ["/bin/false"], timeoutMs: 500 }, {})).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining("exit code 1"),
    });
  });
});

describe("promotion and demotion", () => {
  test("run the operator's hooks once for an epoch that was granted, and for no other", async () => {
    const file = fileOf("promote");
    rig = await agentRig({ hooks: { promote: record(file), demote: record(file) } });
    await rig.start();
    const { control } = rig;
    const order = async (kind: "promote" | "demote", epoch: number) =>
      await control.call<typeof kind>({ kind, nonce: (await control.report()).nonce, role: ROLE, epoch });
    expect(await order("promote", 2)).toMatchObject({ kind: "refused", code: "stale-epoch" });
    must(await control.grant({ epoch: 2 }));
    expect(must(await order("promote", 2))).toMatchObject({ kind: "promoted", epoch: 2 });
    expect(must(await order("promote", 2))).toMatchObject({ kind: "promoted", epoch: 2 });
    expect(await order("promote", 1)).toMatchObject({ kind: "refused", code: "stale-epoch" });
    must(await control.fence(2));
    expect(await order("promote", 2)).toMatchObject({ kind: "refused", code: "stale-epoch" });
    expect(must(await order("demote", 2))).toMatchObject({ kind: "demoted" });
    expect(linesOf(file)).toEqual(["promote validator 2", "demote validator 2"]);
  });

  test("a failing hook is refused with what it said, and is tried again when asked again", async () => {
    rig = await agentRig({ hooks: { promote: record(fileOf("failing"), 3) } });
    await rig.start();
    const { control } = rig;
    must(await control.grant());
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const answer = await control.call<"promote">({ kind: "promote", nonce: (await control.report()).nonce, role: ROLE, epoch: 1 });
      expect(answer).toMatchObject({ kind: "refused", code: "hook-failed", reason: expect.stringContaining("exit code 3") });
      expect(linesOf(fileOf("failing"))).toHaveLength(attempt);
    }
  });
});

describe("a validator that cannot ask", () => {
  const promoted = async (running: Rig) => {
    must(await running.control.grant({ throughSlot: 40 }));
    must(await running.control.call<"promote">({ kind: "promote", nonce: (await running.control.report()).nonce, role: ROLE, epoch: 1 }));
  };

  test("is stopped before a fence is acknowledged, and every slot granted counts as signed", async () => {
    const file = fileOf("fence");
    rig = await agentRig({ hooks: { start: record(file), stop: record(file) } });
    await rig.start();
    await promoted(rig);
    expect(must(await rig.control.fence(1)).watermark).toBe(40);
    expect(linesOf(file)).toEqual(["stop validator ", "start validator 1", "stop validator 1"]);
  });

  test("is not acknowledged as fenced when it cannot be stopped", async () => {
    const file = fileOf("stuck");
    rig = await agentRig({ hooks: { start: record(file), stop: record(file, 1) } });
    await rig.start();
    await promoted(rig);
    expect(await rig.control.fence(1)).toMatchObject({
      kind: "refused",
      code: "hook-failed",
      reason: expect.stringContaining("may still be signing"),
    });
  });

  test("is stopped by the agent itself before its lease ends", async () => {
    const file = fileOf("expiry");
    rig = await agentRig({ hooks: { start: record(file), stop: record(file) } });
    await rig.start();
    await promoted(rig);
    rig.clock.pass(LEASE_MS - 2_000);
    await expect.poll(() => linesOf(file), { timeout: 3_000 }).toEqual(["stop validator ", "start validator 1", "stop validator 1"]);
    expect(rig.world.lines).toContainEqual(expect.objectContaining({ kind: "stepped-down" }));
  });
});
