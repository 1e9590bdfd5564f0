/** What prediction has in a Region besides its functions: the bucket of history, the right to read metrics, and the clock that starts them. */
import { CfnOutput, Duration, Stack } from "aws-cdk-lib";
import { EventField, type IEventBus, Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { ENVIRONMENT } from "../../core/kernel/environment.ts";
import type { EventName } from "../../core/kernel/events.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import type { Deployment } from "../deployment.ts";
import { acknowledge } from "../exceptions.ts";
import type { FleetFunction } from "./fleet-function.ts";
import { allowHistory, allowModels, bucketName, declareHistory } from "./history-bucket.ts";

const ARCHIVE_EVERY = Duration.hours(1);
const READ_EVERY = Duration.minutes(1);
const TRAIN_EVERY = Duration.days(1);
const TRAINING_REQUESTED: EventName = "prediction.training-requested";
/** EventBridge keeps an event for a minute at least. */
const EVENT_AGE = Duration.minutes(1);

export type PredictionPartsProps = {
  readonly deployment: Deployment;
  readonly all: readonly FleetFunction[];
  readonly bus: IEventBus;
  readonly undelivered: Queue;
};

export class PredictionParts extends Construct {
  constructor(scope: Construct, { deployment, all, bus, undelivered }: PredictionPartsProps) {
    super(scope, "Prediction");
    const { fleet } = deployment;
    const bucket = declareHistory(this, deployment);
    for (const one of all) {
      const { declaration, function: each, role } = one;
      if (declaration.readsMetrics) allowMetrics(one, fleet);
      if (declaration.history !== undefined) {
        each.addEnvironment(ENVIRONMENT.historyBucket, bucket.bucketName);
        allowHistory(role, deployment, declaration.history);
      }
      if (declaration.models === undefined) continue;
      each.addEnvironment(ENVIRONMENT.modelBucket, bucketName(this, deployment, fleet.regions.home));
      allowModels(role, deployment, declaration.models);
    }
    const every = (id: string, description: string, rate: Duration, name: string): void => {
      const started = all.find(({ declaration }) => declaration.name === name);
      if (started === undefined) return;
      const target = new LambdaTarget(started.function, {
        event: RuleTargetInput.fromObject({ fleet: fleet.fleet }),
        deadLetterQueue: undelivered,
        maxEventAge: EVENT_AGE,
        retryAttempts: 1,
      });
      new Rule(this, id, { description, schedule: Schedule.rate(rate), targets: [target] });
    };
    every("EachHour", "Writes what is over into the history.", ARCHIVE_EVERY, "archive-vitals");
    every("EachMinute", "Reads the metrics that the fleet file names.", READ_EVERY, "read-metrics");
    if (Stack.of(this).region === fleet.regions.home) {
      every("EachDay", "Trains a model on what the days before have shown.", TRAIN_EVERY, "train-model");
      trainOnRequest(this, { deployment, all, bus, undelivered });
    }
    new CfnOutput(Stack.of(this), "HistoryBucket", { value: bucket.bucketName, description: "What this Region's observer saw of each node, by day" });
  }
}

/** Whoever asks does so on the home Region's bus, as `ha model train` does. */
function trainOnRequest(scope: Construct, { deployment, all, bus, undelivered }: PredictionPartsProps): void {
  const trainer = all.find(({ declaration }) => declaration.name === "train-model");
  if (trainer === undefined) return;
  const { fleet } = deployment.fleet;
  new Rule(scope, "TrainingRequested", {
    eventBus: bus,
    description: "Trains a model when somebody asks for it.",
    eventPattern: { detailType: [TRAINING_REQUESTED], detail: { fleet: [fleet] } },
    targets: [
      new LambdaTarget(trainer.function, {
        event: RuleTargetInput.fromObject({ fleet, reason: EventField.fromPath("$.detail.reason") }),
        deadLetterQueue: undelivered,
        retryAttempts: 1,
      }),
    ],
  });
}

/** IAM knows no resource for a metric, so the permission is held to the Regions in which the fleet file's metrics are: a node's, or a group's demand. */
function allowMetrics({ role, declaration }: FleetFunction, { policies, nodes, scaling }: Fleet): void {
  const ofNodes = policies.prediction.metrics.map(({ region, node }) => region ?? nodes.find(({ id }) => id === node)?.region ?? "");
  const ofGroups = (scaling?.groups ?? []).flatMap(({ demand }) => (demand.kind === "cloudwatch" ? [demand.region as string] : []));
  const regions = declaration.module === "scaling" ? ofGroups : ofNodes;
  if (regions.length === 0) return;
  const conditions = { StringEquals: { "aws:RequestedRegion": [...new Set(regions)].toSorted() } };
  role.addToPolicy(new PolicyStatement({ actions: ["cloudwatch:GetMetricData"], resources: ["*"], conditions }));
  acknowledge(
    role,
    "AwsSolutions-IAM5[Resource::*]",
    "CloudWatch checks GetMetricData against no resource that a policy could name; a condition holds it to the Regions in which the fleet file's metrics are.",
  );
}
