/**
 * Starts the failover workflow and lets a waiting approval go on. A decision reaches its execution once: a token that has
 * expired, was used before or was never given is `gone`, which a person can be told.
 */
import { SendTaskSuccessCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { InputInvalid, WorkflowsUnavailable } from "../core/kernel/errors.ts";
import type { Workflows } from "../core/kernel/ports.ts";

const ATTEMPTS = 3;
const ATTEMPT_MS = 3_000;
const CONNECT_MS = 1_000;

/** Step Functions' limits for an execution's name and for its input. */
const NAME = /^[A-Za-z0-9_-]{1,80}$/;
const INPUT_BYTES_MAX = 256 * 1_024;

/** What Step Functions calls a token that nobody waits for any more. */
const GONE: ReadonlySet<string> = new Set(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]);

export type StepFunctionsOptions = { region: string; stateMachineArn?: string; endpoint?: string };

export function stepFunctionsWorkflows(options: StepFunctionsOptions): Workflows & { close(): void } {
  const clients = new Map<string, SFNClient>();
  const clientIn = (region: string): SFNClient => {
    const client = clients.get(region) ?? openClient(region, options.endpoint);
    clients.set(region, client);
    return client;
  };
  return {
    close() {
      for (const client of clients.values()) client.destroy();
    },
    async decide(approval, decision) {
      const command = new SendTaskSuccessCommand({ taskToken: approval.taskToken, output: JSON.stringify(decision) });
      try {
        await clientIn(approval.region).send(command);
        return "decided";
      } catch (error) {
        if (error instanceof Error && GONE.has(error.name)) return "gone";
        throw new WorkflowsUnavailable({ action: `take the decision in ${approval.region}`, cause: error });
      }
    },
    async start(name, input) {
      const { stateMachineArn } = options;
      const text = JSON.stringify(input);
      const faults = [
        ...(NAME.test(name) ? [] : [`its name is ${JSON.stringify(name)}; allowed are 1 to 80 letters, digits, '-' and '_'`]),
        ...(Buffer.byteLength(text) <= INPUT_BYTES_MAX ? [] : [`its input has ${Buffer.byteLength(text)} bytes; allowed are ${INPUT_BYTES_MAX}`]),
        ...(stateMachineArn === undefined ? ["this function was not told which state machine to start"] : []),
      ];
      if (stateMachineArn === undefined || faults.length > 0) throw new InputInvalid({ where: "a workflow's start", faults });
      try {
        const started = await clientIn(options.region).send(new StartExecutionCommand({ stateMachineArn, name, input: text }));
        return { execution: started.executionArn ?? executionArn(stateMachineArn, name) };
      } catch (error) {
        /** It ran, or runs, under this name with another input or to its end: the second start is the one to do nothing. */
        if (error instanceof Error && error.name === "ExecutionAlreadyExists") return { execution: executionArn(stateMachineArn, name) };
        throw new WorkflowsUnavailable({ action: `start ${name} in ${options.region}`, cause: error });
      }
    },
  };
}

const executionArn = (stateMachineArn: string, name: string): string => `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;

function openClient(region: string, endpoint: string | undefined): SFNClient {
  return new SFNClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ATTEMPT_MS, throwOnRequestTimeout: true },
  });
}
