/**
 * The fleet's event bus in one Region, and the queue where what could not be delivered waits for a person. The bus
 * takes events from its own account alone. It has no archive: a replayed `node-condemned` would move a role for a fault
 * that is long over; what went by is kept as records instead, where nothing acts on it.
 */
import { Duration, Stack } from "aws-cdk-lib";
import { CfnEventBus, EventBus, type IEventBus } from "aws-cdk-lib/aws-events";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";

/** SQS's longest: a person on leave still finds it. */
const UNDELIVERED_DAYS = 14;

export function declareBus(scope: Construct, deployment: Deployment): IEventBus {
  const name = resourceNames(deployment.fleet.fleet).bus;
  const stack = Stack.of(scope);
  const bus = new CfnEventBus(scope, "Bus", {
    name,
    policy: {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "RefuseOtherAccounts",
          Effect: "Deny",
          Principal: "*",
          Action: "events:PutEvents",
          Resource: stack.formatArn({ service: "events", resource: "event-bus", resourceName: name }),
          Condition: { StringNotEquals: { "aws:PrincipalAccount": stack.account } },
        },
      ],
    },
  });
  return EventBus.fromEventBusArn(scope, "BusReference", bus.attrArn);
}

export function declareUndelivered(scope: Construct, deployment: Deployment): Queue {
  return new Queue(scope, "Undelivered", {
    queueName: `${resourceNames(deployment.fleet.fleet).bus}-undelivered`,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(UNDELIVERED_DAYS),
    removalPolicy: deployment.removalPolicy,
  });
}
