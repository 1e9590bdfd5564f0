/** What a function may do with capacity: what its adapters call, on the fleet's own groups and services, and nothing beside. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks } from "cdk-nag";
import { describe, expect, it } from "vitest";
import { Scaling } from "../../core/kernel/scaling-policy.ts";
import { projectRoot } from "../../infra/bundle.ts";
import { allowCapacity } from "../../infra/constructs/capacity-permissions.ts";
import { FEATURES } from "../../infra/fleet-stacks.ts";
import type { CapacityUse } from "../../infra/modules/declaration.ts";
import { ACCOUNT, allows, asText, type Permission, permissionsOf } from "./iam.ts";
import { roleStatements, type Template } from "./synthesis.ts";

const KEY = "M6ZPtlsXNZzV64bQy0ELaRr7R2G4bWcshO5cNr5QdLs";
const ASG = { kind: "asg", name: "rpc-nodes", region: "us-east-1", lifecycleHook: "caught-up" };
const ECS = { kind: "ecs", cluster: "nodes", service: "archive", region: "eu-west-1" };
const WEBHOOK = { kind: "webhook", url: "https://hook.example/", key: KEY };

const scalingOf = (actuators: readonly object[]) =>
  Scaling.parse({
    groups: actuators.map((actuator, index) => ({
      name: `g${index}`,
      serves: { kind: "purpose", purpose: `p${index}` },
      actuator,
      min: 0,
      max: 3,
      unitCapacity: 1,
      demand: { kind: "signal", signal: "requestsPerSecond" },
      joins: { idPrefix: `p${index}-`, regions: ["us-east-1"], zones: ["z"], max: 3 },
    })),
  });

function synthesized(actuators: readonly object[] | null, use: CapacityUse | undefined): { permissions: Permission[]; app: App } {
  const app = new App({ context: FEATURES });
  const stack = new Stack(app, "Test", { env: { account: ACCOUNT, region: "us-west-2" } });
  const role = new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  allowCapacity(role, actuators === null ? {} : { scaling: scalingOf(actuators) }, use);
  const template = app.synth().getStackByName("Test").template as Template;
  return { permissions: permissionsOf(roleStatements(template).map(({ statement }) => statement)), app };
}
const textsOf = (actuators: readonly object[], use: CapacityUse): string[] => synthesized(actuators, use).permissions.map(asText).toSorted();

const GROUP = `arn:aws:autoscaling:us-east-1:${ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/rpc-nodes`;
const SERVICE = `arn:aws:ecs:eu-west-1:${ACCOUNT}:service/nodes/archive`;
const TASKS = `arn:aws:ecs:eu-west-1:${ACCOUNT}:task/nodes/*`;
const IN_CLUSTER = `if ArnEquals ecs:cluster arn:aws:ecs:eu-west-1:${ACCOUNT}:cluster/nodes`;

describe("the permissions of an Auto Scaling group", () => {
  it("are to see it, for a function that looks", () => {
    expect(textsOf([ASG], "looks")).toEqual(["autoscaling:DescribeAutoScalingGroups on * if StringEquals aws:RequestedRegion us-east-1"]);
  });

  it("are to raise it, to answer its hook and to end one of its own, for a function that moves", () => {
    expect(textsOf([ASG], "moves")).toEqual(
      [
        "autoscaling:DescribeAutoScalingGroups on * if StringEquals aws:RequestedRegion us-east-1",
        "autoscaling:DescribeLifecycleHooks on * if StringEquals aws:RequestedRegion us-east-1",
        `autoscaling:CompleteLifecycleAction on ${GROUP}`,
        `autoscaling:RecordLifecycleActionHeartbeat on ${GROUP}`,
        `autoscaling:SetDesiredCapacity on ${GROUP}`,
        `autoscaling:TerminateInstanceInAutoScalingGroup on ${GROUP}`,
      ].toSorted(),
    );
  });

  it("reach no other group, not even one whose name begins or ends alike", () => {
    const { permissions } = synthesized([ASG], "moves");
    const ends = (group: string) =>
      allows(permissions, {
        action: "autoscaling:TerminateInstanceInAutoScalingGroup",
        resource: `arn:aws:autoscaling:us-east-1:${ACCOUNT}:autoScalingGroup:1-2-3:autoScalingGroupName/${group}`,
      });
    expect(["rpc-nodes", "rpc-nodes-2", "other-rpc-nodes", "validators"].map(ends)).toEqual([true, false, false, false]);
  });
});

describe("the permissions of an ECS service", () => {
  it("are to see it and its cluster's tasks, for a function that looks", () => {
    expect(textsOf([ECS], "looks")).toEqual(
      [`ecs:DescribeServices on ${SERVICE}`, `ecs:ListTasks on * ${IN_CLUSTER}`, `ecs:DescribeTasks on ${TASKS} ${IN_CLUSTER}`].toSorted(),
    );
  });

  it("are to change its number, and to protect, stop and mark tasks of its cluster, for a function that moves", () => {
    const added = textsOf([ECS], "moves").filter((text) => !textsOf([ECS], "looks").includes(text));
    expect(added).toEqual(
      [
        `ecs:UpdateService on ${SERVICE}`,
        `ecs:StopTask on ${TASKS} ${IN_CLUSTER}`,
        `ecs:UpdateTaskProtection on ${TASKS} ${IN_CLUSTER}`,
        `ecs:TagResource on ${TASKS} if ForAllValues:StringEquals aws:TagKeys synnergy:serves`,
      ].toSorted(),
    );
  });
});

describe("every permission", () => {
  it("is absent without groups, without a use, and for a webhook", () => {
    expect(synthesized(null, "moves").permissions).toEqual([]);
    expect(synthesized([ASG], undefined).permissions).toEqual([]);
    expect(synthesized([WEBHOOK], "moves").permissions).toEqual([]);
  });

  it("stands for a call that an adapter makes, and every call has one", () => {
    const commands = (file: string) => [
      ...new Set([...readFileSync(join(projectRoot, "adapters", file), "utf8").matchAll(/new (\w+)Command\(/g)].map(([, name]) => name)),
    ];
    const called = [
      ...commands("capacity-asg.ts").map((name) => `autoscaling:${name}`),
      ...[...commands("capacity-ecs.ts"), ...commands("capacity-ecs-tasks.ts")].map((name) => `ecs:${name}`),
    ];
    const allowed = synthesized([ASG, ECS], "moves").permissions.map(({ action }) => action);
    expect(called.length).toBeGreaterThan(10);
    expect([...new Set(allowed)].toSorted()).toEqual(called.toSorted());
  });

  it("is one statement each for groups in two Regions, with both names in full", () => {
    const { permissions } = synthesized([ASG, { ...ASG, name: "west", region: "us-west-2" }], "moves");
    const ends = permissions.filter(({ action }) => action === "autoscaling:SetDesiredCapacity").map(({ resource }) => resource);
    expect(ends).toEqual([GROUP, GROUP.replace("us-east-1", "us-west-2").replace("rpc-nodes", "west")]);
  });

  it("says of each asterisk why it stands there, and leaves cdk-nag nothing to find", () => {
    const { app } = synthesized([ASG, ECS], "moves");
    const { violations } = new AwsSolutionsChecks(app, { verbose: true }).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
  });
});
