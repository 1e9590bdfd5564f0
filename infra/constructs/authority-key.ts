/**
 * The control plane's key in one Region: an elliptic curve that agents pin and that never leaves KMS. It signs one
 * thing, an hour's delegation to a process's session key. Its policy is written out rather than left to IAM: the account
 * administers the key and reads its public half, but only the named functions' roles may sign, whatever IAM says.
 */
import { Stack } from "aws-cdk-lib";
import { type IRole, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Alias, Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";
import { administerKey } from "./key-administration.ts";

/** How adapters/authority-kms.ts signs; a request for anything else is denied. */
const SIGNING = { StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "RAW" } };

export function declareAuthorityKey(scope: Construct, deployment: Deployment, signers: readonly IRole[]): Key {
  const fleet = deployment.fleet.fleet;
  const policy = new PolicyDocument({
    statements: [
      administerKey(["kms:GetPublicKey"]),
      new PolicyStatement({ sid: "Delegate", principals: [...signers], actions: ["kms:Sign"], resources: ["*"], conditions: SIGNING }),
    ],
  });
  const key = new Key(scope, "Authority", {
    description: `Synnergy HA, fleet ${fleet}, ${Stack.of(scope).region}: delegates the control plane's session keys to agents`,
    keySpec: KeySpec.ECC_NIST_P256,
    keyUsage: KeyUsage.SIGN_VERIFY,
    policy,
    removalPolicy: deployment.removalPolicy,
  });
  new Alias(scope, "AuthorityAlias", { aliasName: resourceNames(fleet).authorityAlias, targetKey: key, removalPolicy: deployment.removalPolicy });
  for (const role of signers) {
    role.addToPrincipalPolicy(new PolicyStatement({ actions: ["kms:Sign"], resources: [key.keyArn], conditions: SIGNING }));
  }
  return key;
}
