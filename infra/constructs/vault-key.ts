/**
 * The key of a vault in one Region, which exists in no other (docs/decisions/0009). It does these things and nothing else: S3
 * encrypts this Region's bucket with it, and this Region's lock on the vault's keyring, or the ledger's signing key, is wrapped by it. Who may ask for either
 * is IAM's to say; what may be asked is said here.
 */
import { Stack } from "aws-cdk-lib";
import { AccountRootPrincipal, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Alias, Key } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { resourceNames, vaultKeyContext, vaultSignerContext } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";
import { administerKey } from "./key-administration.ts";

/** Only a symmetric key rotates. */
const ROTATION = ["kms:DisableKeyRotation", "kms:EnableKeyRotation", "kms:ListKeyRotations"];

/** The bucket's name stands for every object in it where S3 uses a bucket key, and before each object's where it does not. */
export function throughBucket(bucketArn: string, region: string) {
  return {
    StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` },
    StringLike: { "kms:EncryptionContext:aws:s3:arn": [bucketArn, `${bucketArn}/*`] },
  };
}

export function declareVaultKey(scope: Construct, deployment: Deployment, bucketArn: string): Key {
  const { fleet } = deployment.fleet;
  const { region } = Stack.of(scope);
  const purposes = [vaultKeyContext(fleet).purpose, vaultSignerContext(fleet).purpose];
  const policy = new PolicyDocument({
    statements: [
      administerKey(ROTATION),
      new PolicyStatement({
        sid: "StoreObjects",
        principals: [new AccountRootPrincipal()],
        actions: ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
        resources: ["*"],
        conditions: throughBucket(bucketArn, region),
      }),
      new PolicyStatement({
        sid: "LockKeyring",
        principals: [new AccountRootPrincipal()],
        actions: ["kms:Decrypt", "kms:GenerateDataKey"],
        resources: ["*"],
        conditions: { StringEquals: { "kms:EncryptionContext:purpose": purposes, "kms:EncryptionContext:fleet": fleet } },
      }),
    ],
  });
  const key = new Key(scope, "VaultKey", {
    description: `Synnergy HA, fleet ${fleet}, ${region}: the vault's bucket, and this Region's lock on the vault's keyring`,
    enableKeyRotation: true,
    policy,
    removalPolicy: deployment.removalPolicy,
  });
  new Alias(scope, "VaultAlias", { aliasName: resourceNames(fleet).vaultAlias, targetKey: key, removalPolicy: deployment.removalPolicy });
  return key;
}
