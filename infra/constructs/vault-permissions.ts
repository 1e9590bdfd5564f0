/**
 * What a function may do with the fleet's vault, use by use. Buckets are named in full; keys cannot be, since a key's id is known in its
 * own Region alone, so a condition holds each permission to the key that bears the vault's alias, and to what it is used for.
 */
import { Stack } from "aws-cdk-lib";
import { CompositePrincipal, type IRole, PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import { resourceNames, vaultKeyContext, vaultSignerContext } from "../../core/kernel/names.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { LEDGER_WRITER } from "../../core/kernel/vault-signer.ts";
import type { Deployment } from "../deployment.ts";
import { acknowledge } from "../exceptions.ts";
import type { VaultUse } from "../modules/declaration.ts";
import { vaultBucketArn } from "./vault-bucket.ts";
import { throughBucket } from "./vault-key.ts";

type Conditions = Record<string, Record<string, string | string[]>>;
const NO_RESOURCE =
  "IAM takes no alias as a resource and the key's id is known in its own Region alone; a condition holds the permission to the key that bears the vault's alias, and to its use.";
const EVERY_OBJECT = "A vault's objects are named by their digests, and a policy names them by the bucket and the prefix that they are in.";
/** What a repair copies; proofs and sweeps are each Region's own. */
const REPAIRED = ["packs/*", "indexes/*", "manifests/*", "keyring/*"];
const LOCKED = ["packs/*", "indexes/*", "manifests/*"];
const SWEPT = ["packs/*", "indexes/*", "manifests/*", "sweeps/*", "batches/*"];

const contextOf = (context: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]));
const ledgerPrefixes = (fleet: string): string[] => [
  `packs/${LEDGER_WRITER}/*`,
  `indexes/${LEDGER_WRITER}/*`,
  `batches/${fleet}.ledger/*`,
  `manifests/${fleet}.ledger/*`,
];

export function allowVault(role: Role, deployment: Deployment, uses: readonly VaultUse[]): void {
  const { fleet } = deployment.fleet;
  const stack = Stack.of(role);
  const places = vaultPlaces(deployment.fleet);
  if (places === null || uses.length === 0) return;
  const regions = [places.home, ...places.replicas];
  const bucket = (region: string): string => vaultBucketArn(role, fleet, region);
  const keys = (region: string): string => stack.formatArn({ service: "kms", region, resource: "key", resourceName: "*" });
  const ours: Conditions = { "ForAnyValue:StringEquals": { "kms:ResourceAliases": resourceNames(fleet).vaultAlias } };
  const context = contextOf(vaultKeyContext(fleet));

  const allow = (actions: string[], resources: string[], conditions?: Conditions): void => {
    role.addToPolicy(new PolicyStatement({ actions, resources, ...(conditions === undefined ? {} : { conditions }) }));
    for (const resource of resources.filter((each) => each.endsWith("*")))
      acknowledge(role, `AwsSolutions-IAM5[Resource::${resource}]`, resource.includes(":kms:") ? NO_RESOURCE : EVERY_OBJECT);
  };
  const put = (region: string, prefixes: readonly string[]): void => {
    allow(
      ["s3:PutObject"],
      prefixes.map((prefix) => `${bucket(region)}/${prefix}`),
    );
    allow(["kms:GenerateDataKey"], [keys(region)], { ...ours, ...throughBucket(bucket(region), region) });
  };
  for (const region of uses.includes("reads") ? regions : []) {
    allow(["s3:ListBucket"], [bucket(region)]);
    allow(["s3:GetObject"], [`${bucket(region)}/*`]);
    allow(["kms:Decrypt"], [keys(region)], { ...ours, ...throughBucket(bucket(region), region) });
    allow(["kms:Decrypt"], [keys(region)], { ...ours, StringEquals: context });
  }
  if (uses.includes("makes")) {
    for (const region of regions) allow(["kms:GenerateDataKey"], [keys(region)], { ...ours, StringEquals: context });
    put(places.home, ["keyring/*"]);
  }
  const proven = new Set([places.home as string, ...regions.filter((region) => region === stack.region)]);
  for (const region of uses.includes("proves") ? proven : []) put(region, ["proofs/*"]);
  if (uses.includes("writes-ledger")) put(places.home, ledgerPrefixes(fleet));
  if (uses.includes("signs-ledger"))
    allow(["kms:Decrypt", "kms:GenerateDataKey"], [keys(places.home)], { ...ours, StringEquals: contextOf(vaultSignerContext(fleet)) });
  for (const region of uses.includes("repairs") ? regions : []) put(region, REPAIRED);
  if (uses.includes("sweeps") && regions.some((region) => region === stack.region)) {
    allow(
      ["s3:DeleteObject"],
      SWEPT.map((prefix) => `${bucket(stack.region)}/${prefix}`),
    );
    /** A lock may be extended; to shorten one needs a permission that nobody here has. */
    allow(
      ["s3:GetObjectRetention", "s3:PutObjectRetention"],
      LOCKED.map((prefix) => `${bucket(stack.region)}/${prefix}`),
    );
    put(stack.region, ["sweeps/*"]);
  }
}

/** What agents' credentials are narrowed from: all that any job may need, and nothing that deletes or shortens a lock. */
export function declareAgentRole(scope: Stack, deployment: Deployment, givers: readonly IRole[]): Role | null {
  const places = vaultPlaces(deployment.fleet);
  if (places === null || givers.length === 0) return null;
  const { fleet } = deployment.fleet;
  const role = new Role(scope, "VaultAgent", {
    roleName: resourceNames(fleet).vaultAgentRole(scope.region),
    description: "Narrowed for an hour and one job at a time, for an agent that backs up or restores.",
    assumedBy: new CompositePrincipal(...givers.map(({ grantPrincipal }) => grantPrincipal)),
  });
  for (const each of givers) each.addToPrincipalPolicy(new PolicyStatement({ actions: ["sts:AssumeRole"], resources: [role.roleArn] }));
  allowVault(role, deployment, ["reads"]);
  const bucket = vaultBucketArn(scope, fleet, places.home);
  const objects = ["packs/*", "indexes/*", "manifests/*"].map((prefix) => `${bucket}/${prefix}`);
  role.addToPolicy(new PolicyStatement({ actions: ["s3:PutObject"], resources: objects }));
  const keys = scope.formatArn({ service: "kms", region: places.home, resource: "key", resourceName: "*" });
  const ours = { "ForAnyValue:StringEquals": { "kms:ResourceAliases": resourceNames(fleet).vaultAlias } };
  role.addToPolicy(
    new PolicyStatement({ actions: ["kms:GenerateDataKey"], resources: [keys], conditions: { ...ours, ...throughBucket(bucket, places.home) } }),
  );
  for (const each of objects) acknowledge(role, `AwsSolutions-IAM5[Resource::${each}]`, EVERY_OBJECT);
  acknowledge(role, `AwsSolutions-IAM5[Resource::${keys}]`, NO_RESOURCE);
  return role;
}
