/** A signing history comes over and goes on by EIP-3076, only while the agent is stopped, and only ever upwards. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { AgentConfig } from "../../agent/config.ts";
import { generateKey } from "../../agent/keygen.ts";
import { exportHistory, importHistory } from "../../agent/slashing-protection.ts";
import { readInterchange, writeInterchange } from "../../core/failover/stateful-failover/slashing-interchange.ts";
import { RoleName } from "../../core/kernel/ids.ts";
import { freePort } from "../../localstack/emulator/port.ts";

const VALIDATOR = { genesisValidatorsRoot: `0x${"12".repeat(32)}`, publicKey: `0x${"34".repeat(48)}` };
const role = RoleName.parse("validator");
let folder: string;
let config: AgentConfig;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-slashing-"));
  const passphrase = join(folder, "passphrase");
  writeFileSync(passphrase, "a passphrase of the test");
  const keyFile = join(folder, "agent.key");
  await generateKey(keyFile, { kind: "passphrase", passphrase: Buffer.from("a passphrase of the test"), kdf: "argon2id" });
  config = AgentConfig.parse({
    fleet: "testing",
    node: "n1",
    roles: [role],
    listen: { host: "127.0.0.1", port: await freePort() },
    sign: { host: "127.0.0.1", port: await freePort() },
    chain: { chainId: 1, slots: { kind: "time", genesisTime: 0, seconds: 12 } },
    rpc: "http://127.0.0.1:1",
    key: { file: keyFile, sealedBy: { kind: "passphrase", file: passphrase } },
    store: join(folder, "store"),
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const order = (file: string) => ({ config, role, validator: VALIDATOR, file: join(folder, file) });
function given(file: string, watermark: number): void {
  writeFileSync(join(folder, file), JSON.stringify(writeInterchange(VALIDATOR, watermark)));
}
async function exported(file: string): Promise<number> {
  expect(await exportHistory(order(file))).toMatchObject({ kind: "done" });
  const reading = readInterchange(JSON.parse(readFileSync(join(folder, file), "utf8")), VALIDATOR);
  if (reading.kind !== "read") throw new Error(reading.faults.join("\n"));
  return reading.watermark;
}

it("raises the watermark to what was imported, keeps it over the next import of less, and exports it", async () => {
  given("in.json", 4_000);
  expect(await importHistory(order("in.json"))).toMatchObject({ kind: "done", sentence: expect.stringContaining("at or below slot 4000") });
  given("older.json", 10);
  expect(await importHistory(order("older.json"))).toMatchObject({ kind: "done", sentence: expect.stringContaining("at or below slot 4000") });
  expect(await exported("out.json")).toBe(4_000);
});

it("exports nothing signed as nothing signed, and overwrites no file", async () => {
  expect(await exported("out.json")).toBe(-1);
  await expect(exportHistory(order("out.json"))).rejects.toThrow("EEXIST");
});

it("touches no store while the agent runs, nor for a role that is not its own, nor by a file that is not what it should be", async () => {
  given("in.json", 9);
  const running: Server = createServer().listen(config.listen.port, config.listen.host);
  await new Promise((resolve) => running.once("listening", resolve));
  expect(await importHistory(order("in.json"))).toMatchObject({ kind: "refused", faults: [expect.stringContaining("stop it first")] });
  await new Promise((resolve) => running.close(resolve));
  expect(await importHistory({ ...order("in.json"), role: RoleName.parse("other") })).toMatchObject({ kind: "refused" });
  writeFileSync(join(folder, "torn.json"), "{");
  expect(await importHistory(order("torn.json"))).toMatchObject({ kind: "refused", faults: [expect.stringContaining("torn.json")] });
  expect(await exported("out.json")).toBe(-1);
});
