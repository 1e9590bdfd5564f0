/**
 * A private emulator for a test file: `const aws = useEmulator()` at its top, `aws.endpoint` in its tests. It listens on a free
 * loopback port, keeps its files in a folder of its own, and ends with the file, even when the test process is killed:
 * its keeper reads our pipe, and when that closes it ends the emulator's whole process group.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll } from "vitest";
import { freePort } from "../../localstack/emulator/port.ts";

const START_MS_MAX = 20_000;
const POLL_MS = 50;
/** Ends the emulator with its Lambda children: asked first, made to after 3 s. */
const KEEPER =
  '"$0" >"$TMPDIR/emulator.log" 2>&1 & child=$!; cat >/dev/null; kill -TERM $child; for i in 1 2 3 4 5 6; do kill -0 $child 2>/dev/null || break; sleep 0.5; done; rm -rf "$TMPDIR"; kill -KILL 0';

export type TestEmulator = { readonly endpoint: string; readonly folder: string };

/** Starts before the file's tests, ends after them; points the SDK's environment at it meanwhile. */
export function useEmulator(): TestEmulator {
  const emulator = { endpoint: "", folder: "" };
  let stop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const started = await startTestEmulator();
    Object.assign(emulator, { endpoint: started.endpoint, folder: started.folder });
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: started.endpoint,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "us-east-1",
    });
    stop = started.stop;
  });
  afterAll(async () => {
    await stop?.();
    delete process.env.AWS_ENDPOINT_URL;
  });
  return emulator;
}

export async function startTestEmulator(): Promise<TestEmulator & { stop(): Promise<void> }> {
  const binary = emulatorBinary();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "synnergy-emulator-"));
  const keeper = spawn("/bin/sh", ["-c", KEEPER, binary], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}`,
      HOME: folder,
      TMPDIR: folder,
      BIND_HOST: "127.0.0.1",
      MINISTACK_HOST: "127.0.0.1",
      GATEWAY_PORT: String(port),
      IOT_MTLS_ENABLED: "0",
      SFTP_ENABLED: "0",
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await endKeeper(keeper);
    rmSync(folder, { recursive: true, force: true });
  };
  if (await answersInTime(endpoint)) return { endpoint, folder, stop };
  await stop();
  throw new Error(`the emulator ${binary} did not answer on ${endpoint} within ${START_MS_MAX} ms`);
}

/** The registry's and the vitals table as the stacks make them, as far as the emulator's API goes. */
export async function createTables(endpoint: string, names: readonly string[], region = "us-east-1"): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region });
  for (const TableName of names) {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "sk", AttributeType: "S" },
        ],
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
      }),
    );
  }
  client.destroy();
}

function emulatorBinary(): string {
  const binary = process.env.MINISTACK_BIN ?? resolve(import.meta.dirname, "../../.venv/ministack-1.5.33/bin/ministack");
  if (existsSync(binary)) return binary;
  throw new Error(`there is no emulator at ${binary}: run "npm test" or "npm start" once, which install it, or name one in MINISTACK_BIN`);
}

async function answersInTime(endpoint: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += POLL_MS) {
    const answered = await fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(1_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return true;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return false;
}

async function endKeeper(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return;
  const ended = once(keeper, "exit");
  keeper.stdin?.end();
  await ended;
}
