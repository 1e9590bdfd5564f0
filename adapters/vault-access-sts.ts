/**
 * Credentials for one job of one agent: a role of the fleet's, narrowed by a session policy to what the job needs, and ended within the
 * hour. A Lambda's role assumes this one, so an hour is also the longest that STS gives; a longer job is given new ones.
 */
import { indexPrefix, manifestPrefix, packPrefix } from "../core/backup/vault/manifest.ts";
import { AuthorityUnavailable } from "../core/kernel/errors.ts";
import { resourceNames, vaultKeyContext } from "../core/kernel/names.ts";
import type { AccessScope } from "../core/kernel/ports.ts";
import type { VaultAccess, VaultPlace } from "../core/kernel/vault-job.ts";

export const ACCESS_SECONDS = 3_600;
const STS_MS = 10_000;
/** AWS's limit for a session policy in clear. */
export const SESSION_POLICY_CHARACTERS_MAX = 2_048;

type Given = {
  readonly fleet: string;
  readonly region: string;
  readonly roleArn: string;
  readonly places: readonly VaultPlace[];
  readonly endpoint?: string | undefined;
};

export async function assumeForJob(given: Given, scope: AccessScope): Promise<VaultAccess> {
  const { fleet, region, roleArn, endpoint } = given;
  const places = scope.regions.flatMap((wanted) => given.places.filter((place) => place.region === wanted));
  const [, partition = "aws"] = roleArn.split(":");
  const policy = JSON.stringify(sessionPolicy({ fleet, partition }, places, scope.writes));
  if (policy.length > SESSION_POLICY_CHARACTERS_MAX)
    throw new RangeError(`the session policy has ${policy.length} characters, STS takes ${SESSION_POLICY_CHARACTERS_MAX}`);
  const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
  const client = new STSClient({ region, maxAttempts: 3, ...(endpoint === undefined ? {} : { endpoint }) });
  try {
    const { Credentials: given } = await client.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: `vault-${scope.writes?.writer ?? "reader"}`,
        DurationSeconds: ACCESS_SECONDS,
        Policy: policy,
      }),
      { abortSignal: AbortSignal.timeout(STS_MS) },
    );
    if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined || given.Expiration === undefined)
      throw new Error("STS answered without credentials");
    return {
      credentials: { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey, sessionToken: given.SessionToken ?? null },
      expiresAtMs: given.Expiration.getTime(),
      places,
    };
  } catch (cause) {
    throw new AuthorityUnavailable({ action: "give an agent access to the vault", cause });
  } finally {
    client.destroy();
  }
}

/**
 * Read in the job's Regions, open the keyring there, and write under the writer's own names in the first. Nothing here deletes, shortens
 * a lock, or reads another fleet's bucket. A bucket and what is in it are one pattern, since nine Regions in full do not fit into what STS
 * takes: it narrows a role that names each bucket in full, so a longer name that begins alike is not reached.
 */
export function sessionPolicy(
  { fleet, partition }: { fleet: string; partition: string },
  places: readonly VaultPlace[],
  writes: AccessScope["writes"],
) {
  const bucket = ({ bucket: name }: VaultPlace) => `arn:${partition}:s3:::${name}`;
  const [first] = places;
  const own =
    writes === null || first === undefined
      ? []
      : [packPrefix(writes.writer), indexPrefix(writes.writer), manifestPrefix(writes.source)].map((prefix) => `${prefix}*`);
  const ours = { "ForAnyValue:StringEquals": { "kms:ResourceAliases": resourceNames(fleet).vaultAlias } };
  const { purpose } = vaultKeyContext(fleet);
  const allow = (Action: string | string[], Resource: string | string[], Condition?: object) => ({
    Effect: "Allow",
    Action,
    Resource,
    ...(Condition === undefined ? {} : { Condition }),
  });
  return {
    Version: "2012-10-17",
    Statement: [
      allow(
        ["s3:GetObject", "s3:ListBucket"],
        places.map((place) => `${bucket(place)}*`),
      ),
      ...(own.length === 0 || first === undefined
        ? []
        : [
            allow(
              "s3:PutObject",
              own.map((prefix) => `${bucket(first)}/${prefix}`),
            ),
          ]),
      allow("kms:Decrypt", "*", { ...ours, StringEquals: { "kms:EncryptionContext:purpose": purpose, "kms:EncryptionContext:fleet": fleet } }),
      allow(["kms:Decrypt", ...(own.length === 0 ? [] : ["kms:GenerateDataKey"])], "*", {
        ...ours,
        StringLike: { "kms:ViaService": "s3.*.amazonaws.com" },
      }),
    ],
  };
}
