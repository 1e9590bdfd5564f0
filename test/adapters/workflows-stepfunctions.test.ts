/** A start under one name happens once, and a decision reaches its execution once; whoever is late is told so. */
import { CreateStateMachineCommand, DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { stepFunctionsWorkflows } from "../../adapters/workflows-stepfunctions.ts";
import { InputInvalid, WorkflowsUnavailable } from "../../core/kernel/errors.ts";
import type { Workflows } from "../../core/kernel/ports.ts";
import { useEmulator } from "../support/emulator.ts";
import { createQueue, type Queue } from "../support/queue.ts";

const REGION = "us-east-1";
const aws = useEmulator();

describe("workflows on Step Functions", () => {
  let client: SFNClient;
  let queue: Queue;
  let workflows: Workflows;
  let stateMachineArn: string;

  beforeAll(async () => {
    client = new SFNClient({ endpoint: aws.endpoint, region: REGION });
    queue = await createQueue(aws.endpoint, "approvals");
    const ask = (TimeoutSeconds: number) => ({
      Type: "Task",
      Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      Arguments: { QueueUrl: queue.url, MessageBody: "{% $states.context.Task.Token %}" },
      TimeoutSeconds,
      End: true,
    });
    const definition = {
      QueryLanguage: "JSONata",
      StartAt: "HowLong",
      States: {
        HowLong: { Type: "Choice", Choices: [{ Condition: "{% $states.input.brief = true %}", Next: "AskBriefly" }], Default: "Ask" },
        AskBriefly: ask(1),
        Ask: ask(60),
      },
    };
    const made = await client.send(
      new CreateStateMachineCommand({ name: "waits", roleArn: "arn:aws:iam::000000000000:role/waits", definition: JSON.stringify(definition) }),
    );
    stateMachineArn = String(made.stateMachineArn);
    workflows = stepFunctionsWorkflows({ region: REGION, stateMachineArn, endpoint: aws.endpoint });
  });

  const ended = (executionArn: string) =>
    vi.waitFor(
      async () => {
        const execution = await client.send(new DescribeExecutionCommand({ executionArn }));
        expect(execution.status).not.toBe("RUNNING");
        return execution;
      },
      { timeout: 10_000 },
    );

  it.each([true, false])("hands the decision (approved: %s) to the execution that waits, and calls a second one gone", async (approved) => {
    const { execution } = await workflows.start(`decided-${approved}`, {});
    const approval = { taskToken: await queue.take(), region: REGION };
    expect(await workflows.decide(approval, { approved, by: "ann" })).toBe("decided");
    const { status, output } = await ended(execution);
    expect({ status, output: JSON.parse(String(output)) }).toEqual({ status: "SUCCEEDED", output: { approved, by: "ann" } });
    expect(await workflows.decide(approval, { approved: !approved, by: "bob" })).toBe("gone");
  });

  it("calls an approval gone that has expired, and one that never was", async () => {
    const { execution } = await workflows.start("expires", { brief: true });
    const approval = { taskToken: await queue.take(), region: REGION };
    await ended(execution);
    expect(await workflows.decide(approval, { approved: true, by: "ann" })).toBe("gone");
    expect(await workflows.decide({ taskToken: "never-given", region: REGION }, { approved: true, by: "ann" })).toBe("gone");
  });

  it("starts one execution under one name, whatever the second start brings", async () => {
    const first = await workflows.start("once", { fault: 1 });
    const second = await workflows.start("once", { fault: 2 });
    expect(second).toEqual(first);
    const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
    expect(executions?.filter((each) => each.name === "once")).toHaveLength(1);
    await workflows.decide({ taskToken: await queue.take(), region: REGION }, { approved: true, by: "ann" });
    await ended(first.execution);
  });

  it.each(["", "a name", "x".repeat(81)])("refuses to start under the name %j", async (name) => {
    await expect(workflows.start(name, {})).rejects.toThrow(InputInvalid);
  });

  it("tells a function that was given no state machine so", async () => {
    await expect(stepFunctionsWorkflows({ region: REGION }).start("x", {})).rejects.toThrow(/not told which state machine/);
  });

  it("does not call an approval gone when nobody could be asked", async () => {
    const unreachable = stepFunctionsWorkflows({ region: REGION, endpoint: "http://127.0.0.1:9", stateMachineArn });
    await expect(unreachable.decide({ taskToken: "x", region: REGION }, { approved: true, by: "ann" })).rejects.toThrow(WorkflowsUnavailable);
    await expect(unreachable.start("x", {})).rejects.toThrow(WorkflowsUnavailable);
  });
});
