/** What a person or a bad day does to the control plane itself: starts and stops executions, kills a function's process. */
import { GetExecutionHistoryCommand, SFNClient, StartExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { resourceNames } from "../../core/kernel/names.ts";
import { ACCOUNT, CREDENTIALS } from "../deploy/cdk.ts";
import type { Rehearsal } from "../rehearsal/open-rehearsal.ts";

async function withStates<T>({ emulator }: Rehearsal, region: string, use: (client: SFNClient) => Promise<T>): Promise<T> {
  const client = new SFNClient({ endpoint: emulator.endpoint, region, credentials: CREDENTIALS });
  return use(client).finally(() => client.destroy());
}

/** As the console does: an input, and a name that the service makes up. */
export async function startExecution(rehearsal: Rehearsal, input: Record<string, unknown>): Promise<{ execution: string }> {
  const { fleet } = rehearsal;
  const region = fleet.regions.home;
  const stateMachineArn = `arn:aws:states:${region}:${ACCOUNT}:stateMachine:${resourceNames(fleet.fleet).stateMachine}`;
  const started = await withStates(rehearsal, region, (client) =>
    client.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) })),
  );
  if (started.executionArn === undefined) throw new Error("Step Functions started an execution and gave it no ARN");
  return { execution: started.executionArn };
}

function regionOf(executionArn: string): string {
  const region = executionArn.split(":")[3];
  if (region === undefined) throw new Error(`${executionArn} is not an execution's ARN`);
  return region;
}

/** The names of the errors in which its tasks have ended, those that are tried again too. */
export async function failuresOf(rehearsal: Rehearsal, executionArn: string): Promise<string[]> {
  const { events = [] } = await withStates(rehearsal, regionOf(executionArn), (client) =>
    client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 })),
  );
  return events.flatMap(({ taskFailedEventDetails: failed }) => (failed?.error === undefined ? [] : [failed.error]));
}

export async function stopExecution(rehearsal: Rehearsal, executionArn: string): Promise<void> {
  const region = regionOf(executionArn);
  await withStates(rehearsal, region, (client) => client.send(new StopExecutionCommand({ executionArn, cause: "a story stopped it" })));
}

/** Lambda may end a process at any time; here by its id, which the shard's cell holds. */
export async function killWatcher({ registry }: Rehearsal, region: string): Promise<void> {
  const cell = await registry.read("shard", `${region}/0`);
  if (cell.kind === "absent") throw new Error(`nobody watches shard 0 in ${region}`);
  process.kill(cell.value.processId, "SIGKILL");
}
