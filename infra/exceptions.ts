/**
 * Where the stacks knowingly depart from the AwsSolutions rules. Each exception names one finding on one construct, and
 * a reason that stands in the template beside it, for whoever reviews the account.
 */
import { Stack, Token, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** A finding may name a resource by the account, which is known only when it is deployed: cdk-nag writes its name in brackets. */
export function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  const { account } = Stack.of(construct);
  Validations.of(construct).acknowledge({ id: Token.isUnresolved(account) ? finding.replaceAll(account, "<AWS::AccountId>") : finding, reason });
}
