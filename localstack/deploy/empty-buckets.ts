/**
 * Empties the buckets that a stack made, every version of every object, so that they can go with it. What is locked under
 * governance is deleted as well: a rehearsal's backups have no worth. No other bucket is touched, and a version that cannot be
 * deleted fails by name.
 */
import { CloudFormationClient, paginateListStackResources } from "@aws-sdk/client-cloudformation";
import { DeleteObjectsCommand, ListObjectVersionsCommand, NoSuchBucket, S3Client } from "@aws-sdk/client-s3";
import { CREDENTIALS } from "./cdk.ts";

/** A thousand versions a round; a rehearsal stores a small part of it. */
const ROUNDS_MAX = 10_000;

/** Resolves to how many versions were deleted. */
export async function emptyBuckets(endpoint: string, stack: { readonly name: string; readonly region: string }): Promise<number> {
  const client = { endpoint, region: stack.region, credentials: CREDENTIALS };
  const cloudFormation = new CloudFormationClient(client);
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  try {
    let versions = 0;
    for (const bucket of await bucketsOf(cloudFormation, stack.name)) versions += await empty(s3, bucket);
    return versions;
  } finally {
    cloudFormation.destroy();
    s3.destroy();
  }
}

async function bucketsOf(client: CloudFormationClient, stack: string): Promise<string[]> {
  const buckets: string[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName: stack })) {
    for (const { ResourceType, ResourceStatus, PhysicalResourceId } of StackResourceSummaries) {
      if (ResourceType === "AWS::S3::Bucket" && ResourceStatus !== "DELETE_COMPLETE" && PhysicalResourceId) buckets.push(PhysicalResourceId);
    }
  }
  return buckets;
}

async function empty(s3: S3Client, Bucket: string): Promise<number> {
  let deleted = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const found = await s3.send(new ListObjectVersionsCommand({ Bucket })).catch((error: unknown) => {
      // Its stack failed before it was made, or somebody removed it by hand.
      if (error instanceof NoSuchBucket) return { Versions: [], DeleteMarkers: [] };
      throw error;
    });
    const Objects = [...(found.Versions ?? []), ...(found.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) return deleted;
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true }, BypassGovernanceRetention: true }));
    const [first] = Errors;
    if (first)
      throw new Error(`${Errors.length} of ${Objects.length} versions in ${Bucket} cannot be deleted, ${first.Key} the first: ${first.Message}`);
    deleted += Objects.length;
  }
  throw new Error(`${Bucket} is not empty after ${ROUNDS_MAX} rounds; does somebody still write to it?`);
}
