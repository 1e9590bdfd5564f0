/** What the failover workflow needs of an emulator's Step Functions beyond what upstream does, and when upstream does it by itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateStateMachineCommand, DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../localstack/emulator/port.ts";
import { startEmulator } from "../../localstack/emulator/start-emulator.ts";
import { openProcesses } from "../../localstack/processes/open-processes.ts";
import { zipOf } from "./zip-of.ts";

const root = resolve(import.meta.dirname, "../..");
const ROLE = "arn:aws:iam::000000000000:role/any";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const INSTALL_MS_MAX = 400_000;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-workflows-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One emulator for one question, patched or as upstream is. */
async function onEmulator<T>(
  unpatched: boolean,
  ask: (client: { endpoint: string; region: string; credentials: typeof credentials }) => Promise<T>,
): Promise<T> {
  const own = mkdtempSync(join(folder, "emulator-"));
  const processes = await openProcesses({ folder: own });
  try {
    const { endpoint } = await startEmulator({ processes, folder: join(own, "emulator"), root, port: await freePort(), unpatched });
    return await ask({ endpoint, region: "us-east-1", credentials });
  } finally {
    await processes.close();
  }
}

async function createFunction(lambda: LambdaClient, name: string, code: string): Promise<string> {
  const order = {
    FunctionName: name,
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: ROLE,
    Code: { ZipFile: zipOf("index.mjs", code) },
  } as const;
  const { FunctionArn } = await lambda.send(new CreateFunctionCommand(order));
  if (FunctionArn === undefined) throw new Error(`${name} got no ARN`);
  return FunctionArn;
}

/** Runs a machine to its end: its output, or the error that it ended with. */
async function outcomeOf(workflows: SFNClient, stateMachineArn: string | undefined, input: unknown): Promise<unknown> {
  const started = await workflows.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }));
  for (;;) {
    const { status, output, error } = await workflows.send(new DescribeExecutionCommand({ executionArn: started.executionArn }));
    if (status !== "RUNNING") return output === undefined ? (error ?? status) : JSON.parse(output);
  }
}

/** What a Catch is told when a function throws in four ways. */
const caughtNames = (unpatched: boolean): Promise<Record<string, unknown>> =>
  onEmulator(unpatched, async (client) => {
    const [lambda, workflows] = [new LambdaClient(client), new SFNClient(client)];
    const arn = await createFunction(
      lambda,
      "thrower",
      `class LeaseStale extends Error { name = "LeaseStale"; }
     const ways = { field() { throw new LeaseStale("gone"); }, builtIn() { throw new RangeError("far"); }, thrownText() { throw "text"; }, exited() { process.exit(3); } };
     const settle = async (way) => ways[way]();
     export const handler = (event) => (event.way === "builtIn" ? ways.builtIn() : settle(event.way));`,
    );
    const definition = {
      QueryLanguage: "JSONata",
      StartAt: "Throw",
      States: {
        Throw: {
          Type: "Task",
          Resource: "arn:aws:states:::lambda:invoke",
          Arguments: { FunctionName: arn, Payload: "{% $states.input %}" },
          TimeoutSeconds: 20,
          Catch: [
            { ErrorEquals: ["LeaseStale"], Next: "Named" },
            { ErrorEquals: ["States.ALL"], Next: "Other" },
          ],
          End: true,
        },
        Named: { Type: "Pass", Output: "LeaseStale", End: true },
        Other: { Type: "Pass", Output: "{% $states.input.Error %}", End: true },
      },
    };
    const machine = await workflows.send(new CreateStateMachineCommand({ name: "names", roleArn: ROLE, definition: JSON.stringify(definition) }));
    const caught: Record<string, unknown> = {};
    for (const way of ["field", "builtIn", "thrownText", "exited"]) caught[way] = await outcomeOf(workflows, machine.stateMachineArn, { way });
    return caught;
  });

/** How a task that waits for a token that never comes ends, where its limit is an expression: one second. */
const endOfAWait = (unpatched: boolean): Promise<unknown> =>
  onEmulator(unpatched, async (client) => {
    const FunctionArn = await createFunction(new LambdaClient(client), "asked", "export const handler = () => 1;");
    const definition = {
      QueryLanguage: "JSONata",
      StartAt: "Wait",
      States: {
        Wait: {
          Type: "Task",
          Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
          Arguments: { FunctionName: FunctionArn, Payload: { token: "{% $states.context.Task.Token %}" } },
          TimeoutSeconds: "{% $states.input.seconds %}",
          Catch: [{ ErrorEquals: ["States.ALL"], Output: "{% $states.errorOutput.Error %}", Next: "Ended" }],
          End: true,
        },
        Ended: { Type: "Pass", End: true },
      },
    };
    const workflows = new SFNClient(client);
    const machine = await workflows.send(new CreateStateMachineCommand({ name: "wait", roleArn: ROLE, definition: JSON.stringify(definition) }));
    return outcomeOf(workflows, machine.stateMachineArn, { seconds: 1 });
  });

test("a thrown error's name reaches Retry and Catch, also where it is a class field, and for a throw before any await", {
  timeout: INSTALL_MS_MAX,
}, async () => {
  const outcome = await caughtNames(false);
  expect(outcome).toEqual({ field: "LeaseStale", builtIn: "RangeError", thrownText: "Error", exited: "Runtime.HandlerError" });
});

test("the patch carry_error_names is still needed: upstream calls every error Runtime.HandlerError", { timeout: INSTALL_MS_MAX }, async () => {
  const outcome = await caughtNames(true);
  expect(new Set(Object.values(outcome)), "upstream passes names on now: remove carry_error_names from launch.py").toEqual(
    new Set(["Runtime.HandlerError"]),
  );
});

test("a wait for a person ends after as many seconds as the input says", { timeout: INSTALL_MS_MAX }, async () => {
  expect(await endOfAWait(false)).toBe("States.Timeout");
});

test("the patch evaluate_task_timeouts is still needed: upstream compares the expression with a number", { timeout: INSTALL_MS_MAX }, async () => {
  expect(await endOfAWait(true), "upstream evaluates it now: remove evaluate_task_timeouts from launch.py").not.toBe("States.Timeout");
});
