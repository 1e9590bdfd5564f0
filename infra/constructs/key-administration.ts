/**
 * What whoever administers the account may do with a key of ours: everything that keeps or ends it, and no cryptography. Not
 * `kms:CreateGrant` either, which would hand the use on.
 */
import { AccountRootPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";

const ADMINISTRATION = [
  "kms:CancelKeyDeletion",
  "kms:CreateAlias",
  "kms:DeleteAlias",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:EnableKey",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListResourceTags",
  "kms:PutKeyPolicy",
  "kms:RevokeGrant",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateAlias",
  "kms:UpdateKeyDescription",
];

/** `more` is what one kind of key has and another has not. */
export function administerKey(more: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    sid: "Administer",
    principals: [new AccountRootPrincipal()],
    actions: [...ADMINISTRATION, ...more].toSorted(),
    resources: ["*"],
  });
}
