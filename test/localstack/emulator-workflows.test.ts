/** What the failover workflow needs of an emulator's Step Functions beyond what upstream does, and when upstream does it by itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateStateMachineCommand, DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../localstack/emulator/port.ts";
import { startEmulator } from "../../localstack/emulator/start-emulator.ts";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";
import { zipOf } from "./zip-of.ts";

const root = resolve(import.meta.dirname, "../..");
const ROLE = "arn:aws:iam::000000000000:role/any";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };
const INSTALL_MS_MAX = 400_000;

let folder: string;
let processes: Processes;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-workflows-test-"));
}, INSTALL_MS_MAX);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How a task that waits for a token that never comes ends, where its limit is an expression: one second. */
async function endOfAWait(unpatched: boolean): Promise<unknown> {
  const own = join(folder, unpatched ? "upstream" : "patched");
  processes = await openProcesses({ folder: own });
  try {
    const { endpoint } = await startEmulator({ processes, folder: join(own, "emulator"), root, port: await freePort(), unpatched });
    const client = { endpoint, region: "us-east-1", credentials };
    const code = { ZipFile: zipOf("index.mjs", "export const handler = () => 1;") };
    const lambda = new LambdaClient(client);
    const order = { FunctionName: "asked", Runtime: "nodejs24.x", Handler: "index.handler", Role: ROLE, Code: code } as const;
    const { FunctionArn } = await lambda.send(new CreateFunctionCommand(order));
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
    const started = await workflows.send(new StartExecutionCommand({ stateMachineArn: machine.stateMachineArn, input: '{"seconds":1}' }));
    for (;;) {
      const { status, output, error } = await workflows.send(new DescribeExecutionCommand({ executionArn: started.executionArn }));
      if (status !== "RUNNING") return output === undefined ? (error ?? status) : JSON.parse(output);
    }
  } finally {
    await processes.close();
  }
}

test("a wait for a person ends after as many seconds as the input says", { timeout: INSTALL_MS_MAX }, async () => {
  expect(await endOfAWait(false)).toBe("States.Timeout");
});

test("the patch evaluate_task_timeouts is still needed: upstream compares the expression with a number", { timeout: INSTALL_MS_MAX }, async () => {
  expect(await endOfAWait(true), "upstream evaluates it now: remove evaluate_task_timeouts from launch.py").not.toBe("States.Timeout");
});
