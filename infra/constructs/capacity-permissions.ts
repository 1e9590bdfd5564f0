/**
 * What a function may do with the groups of units that the fleet file names, actuator by actuator: `looks` sees how many there are,
 * `moves` starts, admits and ends them as well. Each permission names the one group or service; where AWS knows no such resource, a
 * condition holds it to the actuators' Regions or to the cluster. A webhook needs none: it is asked with the authority's signature.
 */
import { ArnFormat, Stack } from "aws-cdk-lib";
import { PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { SERVES_TAG } from "../../core/kernel/names.ts";
import type { Actuator } from "../../core/kernel/scaling-policy.ts";
import { acknowledge } from "../exceptions.ts";
import type { CapacityUse } from "../modules/declaration.ts";

type Conditions = Record<string, Record<string, string | string[]>>;
export type CapacityPermission = {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Conditions;
  /** Why a resource has an asterisk. */
  readonly wide?: string;
};

const NO_GROUP =
  "Auto Scaling's descriptions have no resource that a policy could name; a condition holds them to the Regions of the fleet's groups.";
const GROUP_ID = "An Auto Scaling group's ARN has an id that AWS makes up before its name; the name is written in full.";
const NO_TASK = "ListTasks has no resource for a service's tasks; a condition holds it to the service's cluster.";
const TASK_ID = "A task's id is made up by AWS when it starts; its cluster is written in full.";

/** The part of an ARN that is known at synthesis is the caller's to give: partition and account. */
export function capacityPermissions(actuators: readonly Actuator[], use: CapacityUse, stack: Stack): CapacityPermission[] {
  const groups = actuators.filter((actuator) => actuator.kind === "asg");
  const services = actuators.filter((actuator) => actuator.kind === "ecs");
  return [...groupPermissions(groups, use, stack), ...services.flatMap((service) => servicePermissions(service, use, stack))];
}

function groupPermissions(groups: readonly Extract<Actuator, { kind: "asg" }>[], use: CapacityUse, stack: Stack): CapacityPermission[] {
  if (groups.length === 0) return [];
  const regions = [...new Set(groups.map(({ region }) => region as string))].toSorted();
  const looks: CapacityPermission = {
    actions: ["autoscaling:DescribeAutoScalingGroups", ...(use === "moves" ? ["autoscaling:DescribeLifecycleHooks"] : [])],
    resources: ["*"],
    conditions: { StringEquals: { "aws:RequestedRegion": regions } },
    wide: NO_GROUP,
  };
  const moves: CapacityPermission = {
    actions: [
      "autoscaling:CompleteLifecycleAction",
      "autoscaling:RecordLifecycleActionHeartbeat",
      "autoscaling:SetDesiredCapacity",
      "autoscaling:TerminateInstanceInAutoScalingGroup",
    ],
    resources: groups.map(({ name, region }) => {
      const resourceName = `*:autoScalingGroupName/${name}`;
      return stack.formatArn({
        service: "autoscaling",
        region,
        resource: "autoScalingGroup",
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    }),
    wide: GROUP_ID,
  };
  return use === "moves" ? [looks, moves] : [looks];
}

function servicePermissions({ cluster, service, region }: Extract<Actuator, { kind: "ecs" }>, use: CapacityUse, stack: Stack): CapacityPermission[] {
  const arn = (resource: string, resourceName: string): string => stack.formatArn({ service: "ecs", region, resource, resourceName });
  const serviceArn = arn("service", `${cluster}/${service}`);
  const tasks = arn("task", `${cluster}/*`);
  const inCluster: Conditions = { ArnEquals: { "ecs:cluster": arn("cluster", cluster) } };
  const looks: CapacityPermission[] = [
    { actions: ["ecs:DescribeServices"], resources: [serviceArn] },
    { actions: ["ecs:ListTasks"], resources: ["*"], conditions: inCluster, wide: NO_TASK },
    { actions: ["ecs:DescribeTasks"], resources: [tasks], conditions: inCluster, wide: TASK_ID },
  ];
  if (use === "looks") return looks;
  return [
    ...looks,
    { actions: ["ecs:UpdateService"], resources: [serviceArn] },
    { actions: ["ecs:StopTask", "ecs:UpdateTaskProtection"], resources: [tasks], conditions: inCluster, wide: TASK_ID },
    /** One tag and no other: a tag may be what another policy goes by. */
    {
      actions: ["ecs:TagResource"],
      resources: [tasks],
      conditions: { "ForAllValues:StringEquals": { "aws:TagKeys": [SERVES_TAG] } },
      wide: TASK_ID,
    },
  ];
}

/** Adds to the role what its function's use of the fleet's groups needs, and says of each asterisk why it stands there. */
export function allowCapacity(role: Role, { scaling }: Pick<Fleet, "scaling">, use: CapacityUse | undefined): void {
  if (use === undefined || scaling === undefined) return;
  const actuators = scaling.groups.map(({ actuator }) => actuator);
  for (const { actions, resources, conditions, wide } of capacityPermissions(actuators, use, Stack.of(role))) {
    const grant = { actions: [...actions], resources: [...resources], ...(conditions === undefined ? {} : { conditions }) };
    role.addToPolicy(new PolicyStatement(grant));
    if (wide === undefined) continue;
    for (const resource of resources) acknowledge(role, `AwsSolutions-IAM5[Resource::${resource}]`, wide);
  }
}
