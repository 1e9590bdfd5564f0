/** How a stack stands, asked of CloudFormation by name. */
import { CloudFormationClient, CloudFormationServiceException, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CREDENTIALS } from "./cdk.ts";

/** Null where there is no such stack. */
export async function stackStatus(endpoint: string, { name, region }: { name: string; region: string }): Promise<string | null> {
  const client = new CloudFormationClient({ endpoint, region, credentials: CREDENTIALS });
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Stacks.find(({ StackStatus }) => StackStatus !== "DELETE_COMPLETE")?.StackStatus ?? null;
  } catch (error) {
    // CloudFormation's way to say that there is none.
    if (error instanceof CloudFormationServiceException && error.name === "ValidationError") return null;
    throw error;
  } finally {
    client.destroy();
  }
}
