/** The agent as an operator runs it: a process with a configuration file, a key made by keygen, signals, and kill -9. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../adapters/clock-system.ts";
import { freePort } from "../../localstack/emulator/port.ts";
import { askToSign, type Control, controlPlane, must, ROLE } from "../support/agent-rig.ts";

const AGENT = join(import.meta.dirname, "../../agent");
const START_MS_MAX = 15_000;
const folder = mkdtempSync(join(tmpdir(), "synnergy-process-"));
const at = (name: string) => join(folder, name);
const run = promisify(execFile);
const control = generateKeyPairSync("ec", { namedCurve: "P-256" });
const controlKeys = [control.publicKey.export({ format: "der", type: "spki" }).toString("base64")];

const children = new Set<ChildProcess>();
let config: Record<string, unknown>;
let signPort: number;
let plane: Control;

beforeAll(async () => {
  writeFileSync(at("passphrase"), "correct horse battery staple\n", { mode: 0o600 });
  const made = await run(process.execPath, [join(AGENT, "keygen.ts"), "--out", at("agent.key"), "--passphrase-file", at("passphrase")]);
  const commandPort = await freePort();
  signPort = await freePort();
  config = {
    fleet: "testnet",
    node: "n1",
    roles: [ROLE],
    listen: { host: "127.0.0.1", port: commandPort },
    sign: { host: "127.0.0.1", port: signPort },
    chain: { chainId: 31_337, slots: { kind: "time", genesisTime: 0, seconds: 1 } },
    rpc: `http://127.0.0.1:${await freePort()}`,
    key: { file: at("agent.key"), sealedBy: { kind: "passphrase", file: at("passphrase") } },
    store: at("store"),
  };
  plane = controlPlane({
    url: `http://127.0.0.1:${commandPort}`,
    agentKey: made.stdout.trim(),
    clock: systemClock(),
    privateKey: control.privateKey,
  });
});
afterAll(() => {
  plane?.close();
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, changes: Record<string, unknown> = {}): string {
  writeFileSync(at(name), JSON.stringify({ ...config, ...changes }));
  return at(name);
}

async function start(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(AGENT, "main.ts"), "--config", path], { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the agent did not listen within ${START_MS_MAX} ms: ${said}`)), START_MS_MAX);
    const hear = (part: Buffer) => {
      said += part.toString();
      if (!said.includes('"kind":"listening"')) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`the agent ended with ${code}: ${said}`)));
  });
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(child, "exit");
  child.kill(signal);
  const [code] = await ended;
  return code as number | null;
}

describe("the agent's process", () => {
  test("killed with -9 right after a yes, it refuses the same slot in its next boot", async () => {
    const path = write("agent.json", { controlKeys });
    let child = await start(path);
    for (let slot = 5; slot < 9; slot += 1) {
      must(await plane.grant({ fromSlot: 0, throughSlot: 100 }));
      expect(await askToSign(signPort, slot)).toEqual({ kind: "yes", slot, epoch: 1 });
      await end(child, "SIGKILL");
      child = await start(path);
      expect((await plane.report()).closed).toBeNull();
      expect(await askToSign(signPort, slot)).toMatchObject({ kind: "no" });
      must(await plane.grant({ fromSlot: 0, throughSlot: 100 }));
      expect(await askToSign(signPort, slot)).toMatchObject({ kind: "no", reason: expect.stringContaining("watermark") });
    }
    expect(await end(child, "SIGTERM")).toBe(0);
  });

  test("ended by SIGTERM, it exits with 0 and its next boot tells of the clean end", async () => {
    const path = write("agent.json", { controlKeys });
    let child = await start(path);
    const { boot } = await plane.report();
    expect(await end(child, "SIGTERM")).toBe(0);
    child = await start(path);
    expect((await plane.report()).closed?.bootId).toBe(boot.bootId);
    expect(await end(child, "SIGINT")).toBe(0);
  });

  test("without control keys it refuses every command, and obeys as soon as the file names one", async () => {
    const child = await start(write("agent.json"));
    expect(await plane.call({ kind: "report", probe: [] })).toMatchObject({
      kind: "refused",
      code: "forged",
      reason: expect.stringContaining("pinned"),
    });
    write("agent.json", { controlKeys });
    await expect.poll(async () => (await plane.call({ kind: "report", probe: [] })).kind, { timeout: 5_000 }).toBe("answered");
    await end(child, "SIGTERM");
  });

  test("a second agent on the same ports ends with a sentence and leaves the first alone", async () => {
    const path = write("agent.json", { controlKeys });
    const child = await start(path);
    await expect(start(path)).rejects.toThrow(/ended with 1.*EADDRINUSE/s);
    must(await plane.grant({ fromSlot: 50 }));
    expect(await askToSign(signPort, 50)).toMatchObject({ kind: "yes" });
    await end(child, "SIGTERM");
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a sign endpoint that is not loopback", { sign: { host: "0.0.0.0", port: 7_000 } }, /sign\.host: must be loopback/],
    ["an unknown field", { colour: "red" }, /colour/],
    ["a hook that is a line for a shell", { hooks: { promote: { command: "rm -rf /" } } }, /hooks\.promote\.command/],
    ["a start hook without a stop hook", { hooks: { start: { command: ["/bin/true"] } } }, /start and stop go together/],
    ["a missing key", { key: { file: "/nonexistent", sealedBy: { kind: "passphrase", file: "/nonexistent" } } }, /could not be opened/],
  ])("with %s it ends with 2 and says so", async (_what, changes, sentence) => {
    await expect(start(write("wrong.json", changes))).rejects.toThrow(sentence);
    await expect(start(write("wrong.json", changes))).rejects.toThrow(/ended with 2/);
  });
});
