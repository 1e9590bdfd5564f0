/**
 * Where the stacks knowingly depart from the AwsSolutions rules. Each exception names one finding on one construct, and
 * a reason that stands in the template beside it, for whoever reviews the account.
 */
import { Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

export function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: finding, reason });
}
