/** Takes stacks down by name, without a synthesized app at hand: what an earlier start left in an emulator that outlived it. */
import { CloudFormationClient, CloudFormationServiceException, DeleteStackCommand, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CREDENTIALS } from "./cdk.ts";

const GONE_MS_MAX = 60_000;
const LOOK_MS = 100;

/** Resolves to the names of those that were there, once they are gone. */
export async function removeStacks(endpoint: string, stacks: readonly { readonly name: string; readonly region: string }[]): Promise<string[]> {
  const removed: string[] = [];
  for (const { name, region } of stacks) {
    const client = new CloudFormationClient({ endpoint, region, credentials: CREDENTIALS });
    try {
      if (!(await stands(client, name))) continue;
      await client.send(new DeleteStackCommand({ StackName: name }));
      const untilMs = performance.now() + GONE_MS_MAX;
      while (await stands(client, name)) {
        if (performance.now() > untilMs) throw new Error(`stack ${name} in ${region} is still there ${GONE_MS_MAX / 1_000} s after it was deleted`);
        await new Promise((done) => setTimeout(done, LOOK_MS));
      }
      removed.push(name);
    } finally {
      client.destroy();
    }
  }
  return removed;
}

async function stands(client: CloudFormationClient, name: string): Promise<boolean> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks.some(({ StackStatus }) => StackStatus !== "DELETE_COMPLETE");
  } catch (error) {
    // CloudFormation's way to say that there is no such stack.
    if (error instanceof CloudFormationServiceException && error.name === "ValidationError") return false;
    throw error;
  }
}
