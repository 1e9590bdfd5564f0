/**
 * The local AWS: found, never touched, where one already answers; else started, patched and ended without a trace. The stories
 * at the end hold what the product relies on and only the patches give, and say when upstream gives it by itself.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EMULATOR_VERSION, installEmulator } from "../../localstack/emulator/install.ts";
import { freePort, lookAtPort } from "../../localstack/emulator/port.ts";
import { findPython } from "../../localstack/emulator/python.ts";
import { type Emulator, startEmulator } from "../../localstack/emulator/start-emulator.ts";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";
import { identify } from "../../localstack/processes/process-identity.ts";
import { zipOf } from "./zip-of.ts";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const ROLE = "arn:aws:iam::000000000000:role/any";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
/** Installing the emulator for the first time may need minutes. */
const INSTALL_MS_MAX = 400_000;

let folder: string;
let processes: Processes;
let python: string;
const servers: Server[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-emulator-test-"));
  processes = await openProcesses({ folder });
  python = (await installEmulator({ processes, root })).python;
}, INSTALL_MS_MAX);

afterAll(async () => {
  await processes.close();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(async () => {
  await processes.stop("emulator");
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const start = (port: number, unpatched = false): Promise<Emulator> =>
  startEmulator({ processes, root, folder: join(folder, "emulator"), port, unpatched });

test("an emulator that already answers is used, asked for its health alone, and nothing is started", async () => {
  const asked: string[] = [];
  const port = await listen((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ services: { s3: "running" }, version: "4.9.0", edition: "community" }));
  });
  expect(await start(port)).toMatchObject({ endpoint: `http://127.0.0.1:${port}`, port, owned: false, version: "4.9.0" });
  expect(asked).toEqual(["GET /_localstack/health"]);
  expect(processes.find("emulator")).toBeUndefined();
});

test("a port that something else holds is named with its holder, and another is used", async () => {
  const port = await listen((_, response) => response.writeHead(200).end("hello"));
  const emulator = await start(port);
  expect(emulator.owned).toBe(true);
  expect(emulator.port).not.toBe(port);
  expect(emulator.portHolder).toContain(`(process ${process.pid})`);
  expect(await lookAtPort(emulator.port)).toEqual({ kind: "emulator", version: EMULATOR_VERSION, services: expect.any(Number) });
});

test("no answer but an emulator's health passes for one", async () => {
  let body = "";
  const port = await listen((_, response) => response.setHeader("content-type", "application/json").end(body));
  const stranger = fc.oneof(
    fc.string(),
    fc.json().filter((text) => !text.includes('"services"')),
    fc.constantFrom('{"services":[]}', '{"services":{"s3":1}}', '{"services":null}', "null", "[]"),
  );
  await fc.assert(
    fc.asyncProperty(stranger, async (text) => {
      body = text;
      expect((await lookAtPort(port)).kind).toBe("taken");
    }),
    { numRuns: 5 },
  );
  expect(await lookAtPort(await freePort())).toEqual({ kind: "free" });
});

test("its Lambda processes are gone when it is stopped, even one that is busy and refuses to end", async () => {
  const { endpoint } = await start(await freePort());
  const lambda = new LambdaClient({ endpoint, region: "us-east-1", credentials });
  const code = `process.on("SIGTERM", () => {}); export const handler = async (event) => { if (event.hang) setInterval(() => {}, 1000); return process.pid; };`;
  await createFunction(lambda, "stubborn", code);
  const answer = await lambda.send(new InvokeCommand({ FunctionName: "stubborn", Payload: JSON.stringify({ hang: true }) }));
  const pid = Number(new TextDecoder().decode(answer.Payload));
  expect([...(await identify([pid])).keys()]).toEqual([pid]);
  await processes.stop("emulator");
  expect((await identify([pid])).size).toBe(0);
});

test("a function's Node is the Node of these tests, and it sees nothing of the operator's environment", async () => {
  process.env.OPERATORS_SECRET = "do not tell";
  const { endpoint } = await start(await freePort());
  delete process.env.OPERATORS_SECRET;
  const lambda = new LambdaClient({ endpoint, region: "us-east-1", credentials });
  await createFunction(
    lambda,
    "mirror",
    "export const handler = async () => ({ node: process.version, secret: process.env.OPERATORS_SECRET ?? null });",
  );
  const answer = await lambda.send(new InvokeCommand({ FunctionName: "mirror" }));
  expect(JSON.parse(new TextDecoder().decode(answer.Payload))).toEqual({ node: process.version, secret: null });
});

describe("patches", () => {
  test("the patch sweep_schedules_each_second is still needed and works: upstream looks each 10 s", async () => {
    const launch = resolve(root, "localstack/emulator");
    const read = "from ministack.services import eventbridge as e; print(e._SCHEDULER_TICK_INTERVAL)";
    const upstream = await run(python, ["-c", read]);
    expect(upstream.stdout.trim(), "upstream looks oftener now: remove sweep_schedules_each_second from launch.py").toBe("10");
    const patched = await run(python, ["-B", "-c", `import launch; launch.sweep_schedules_each_second(); ${read}`], { cwd: launch });
    expect(patched.stdout.trim()).toBe("1");
  });

  test("any other version is refused before it serves", async () => {
    const launch = resolve(root, "localstack/emulator");
    const pretend = "import launch; launch.VERSION = '0.0.0'; launch.main()";
    await expect(run(python, ["-B", "-c", pretend], { cwd: launch })).rejects.toThrow(
      `its patches are for MiniStack 0.0.0, this is ${EMULATOR_VERSION}`,
    );
  });
});

describe("Python", () => {
  test("one that is missing or too old is passed over, and the error says what was found", async () => {
    expect(await findPython(["no-such-python", "python3"])).toMatch(/python/);
    await expect(findPython(["no-such-python"])).rejects.toThrow("Found no-such-python: not there");
  });
});

async function createFunction(lambda: LambdaClient, name: string, code: string): Promise<string> {
  const created = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: "nodejs24.x",
      Handler: "index.handler",
      Role: ROLE,
      Code: { ZipFile: zipOf("index.mjs", code) },
    }),
  );
  if (created.FunctionArn === undefined) throw new Error(`${name} got no ARN`);
  return created.FunctionArn;
}
