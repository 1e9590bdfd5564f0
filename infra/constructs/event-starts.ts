/** What starts the functions that nobody calls: the clock, the bus, and a person with a token. */
import { ArnFormat, Duration, Stack } from "aws-cdk-lib";
import { type IEventBus, Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { FunctionUrlAuthType } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { EVENT_SOURCE } from "../../core/kernel/events.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { FleetFunction } from "./fleet-function.ts";

/** Each run relieves the one before; the shortest beat that EventBridge has. */
const WATCH_EVERY = Duration.minutes(1);

export function watchEachMinute(scope: Construct, fleet: Fleet, watcher: FleetFunction, undelivered: Queue): void {
  new Rule(scope, "EachMinute", {
    description: "Relieves the watcher of this Region.",
    schedule: Schedule.rate(WATCH_EVERY),
    targets: [
      new LambdaTarget(watcher.function, {
        event: RuleTargetInput.fromObject({ fleet: fleet.fleet }),
        deadLetterQueue: undelivered,
        /** EventBridge keeps an event for a minute at least; by then the next one is due. */
        maxEventAge: WATCH_EVERY,
        retryAttempts: 1,
      }),
    ],
  });
}

export function recordEvents(scope: Construct, bus: IEventBus, recorder: FleetFunction, undelivered: Queue): void {
  new Rule(scope, "EveryEvent", {
    eventBus: bus,
    description: "Keeps every event of ours for the feed.",
    eventPattern: { source: [EVENT_SOURCE] },
    targets: [new LambdaTarget(recorder.function, { deadLetterQueue: undelivered })],
  });
}

/** The HTTPS endpoint for people without AWS credentials. Returns its URL. */
export function takeApprovals(scope: Construct, fleet: Fleet, approver: FleetFunction): string {
  const stack = Stack.of(scope);
  /** An incident may be decided here that the other Region's workflow waits for. */
  const machines = fleet.regions.observers.map((region) =>
    stack.formatArn({
      service: "states",
      region,
      resource: "stateMachine",
      resourceName: resourceNames(fleet.fleet).stateMachine,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  );
  approver.role.addToPolicy(new PolicyStatement({ actions: ["states:SendTaskSuccess"], resources: machines }));
  /** No IAM: the operator's token is what is checked, in the function, with limited attempts. */
  return approver.function.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url;
}
