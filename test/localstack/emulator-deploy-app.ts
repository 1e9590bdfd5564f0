/** A CDK app for emulator-deploy.test.ts: in each of two Regions what the emulator's CloudFormation drops, and outputs to read. */
import { App, CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, Billing, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Queue } from "aws-cdk-lib/aws-sqs";

const app = new App();
const context = (key: string): string => String(app.node.tryGetContext(key));
for (const region of ["us-east-1", "us-west-2"]) {
  const stack = new Stack(app, `${context("fleet")}-${region}`, { env: { region } });
  const table = new TableV2(stack, "Table", {
    partitionKey: { name: "pk", type: AttributeType.STRING },
    billing: Billing.onDemand(),
    timeToLiveAttribute: "expiresAtS",
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const reply = JSON.stringify({ region, endpoint: context(`endpoint:${region}`), rehearsal: context("rehearsal"), version: context("version") });
  const answers = new LambdaFunction(stack, "Answers", {
    runtime: Runtime.NODEJS_24_X,
    handler: "index.handler",
    code: Code.fromInline(`exports.handler = async () => (${reply});`),
    reservedConcurrentExecutions: 2,
    deadLetterQueue: new Queue(stack, "Undelivered"),
  });
  if (context("bucket") === "true") new Bucket(stack, "Vault", { lifecycleRules: [{ noncurrentVersionsToRetain: 3 }], versioned: true });
  new CfnOutput(stack, "TableName", { value: table.tableName });
  new CfnOutput(stack, "FunctionName", { value: answers.functionName });
}
app.synth();
