/**
 * Takes stacks down by name, without a synthesized app at hand: what an earlier start left in an emulator that outlived it. Their
 * buckets are emptied first, which would keep them up otherwise.
 */
import { CloudFormationClient, DeleteStackCommand } from "@aws-sdk/client-cloudformation";
import { waitFor } from "../wait-for.ts";
import { CREDENTIALS } from "./cdk.ts";
import { emptyBuckets } from "./empty-buckets.ts";
import { stackStatus } from "./stack-status.ts";

const GONE_MS_MAX = 60_000;

/** Resolves to the names of those that were there, once they are gone. */
export async function removeStacks(endpoint: string, stacks: readonly { readonly name: string; readonly region: string }[]): Promise<string[]> {
  const removed: string[] = [];
  for (const stack of stacks) {
    if ((await stackStatus(endpoint, stack)) === null) continue;
    await emptyBuckets(endpoint, stack);
    const client = new CloudFormationClient({ endpoint, region: stack.region, credentials: CREDENTIALS });
    await client.send(new DeleteStackCommand({ StackName: stack.name })).finally(() => client.destroy());
    await waitFor(`stack ${stack.name} in ${stack.region} to be gone`, GONE_MS_MAX, async () => (await stackStatus(endpoint, stack)) === null);
    removed.push(stack.name);
  }
  return removed;
}
