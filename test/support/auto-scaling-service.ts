/**
 * EC2 Auto Scaling's API for one group a name, as AWS documents it, for what the emulator does not have: instances that wait at a hook,
 * scale-in protection, termination by id. Unkind where AWS leaves it open: it takes a second termination off the number again, and of
 * what may be chosen it ends the oldest. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/
 */
import { type Answer, openService, type ServiceUnderTest } from "./aws-service.ts";

type Instance = { id: string; state: string; protected: boolean };
export type GroupForTest = {
  min: number;
  max: number;
  desired: number;
  protects: boolean;
  hook: { name: string; transition: string; result: string; waitS: number } | null;
  instances: Instance[];
  /** Every call's action. */
  readonly calls: string[];
};

const LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING";
const staying = ({ instances }: GroupForTest): Instance[] => instances.filter(({ state }) => !state.startsWith("Terminating"));

export async function openAutoScaling(): Promise<
  ServiceUnderTest & { group(name: string, sizes: Partial<GroupForTest>): GroupForTest; settle(name: string): void }
> {
  const groups = new Map<string, GroupForTest>();
  let serial = 0;

  function settle(name: string): void {
    const group = groups.get(name);
    if (group === undefined) return;
    group.instances = group.instances.filter(({ state }) => !state.startsWith("Terminating"));
    while (staying(group).length < group.desired) {
      serial += 1;
      group.instances.push({ id: `i-${serial.toString(16).padStart(17, "0")}`, state: "Pending", protected: false });
    }
    for (const instance of group.instances) {
      if (instance.state === "Pending" && group.hook !== null) instance.state = "Pending:Wait";
      else if (instance.state === "Pending" || instance.state === "Pending:Proceed")
        Object.assign(instance, { state: "InService", protected: group.protects });
    }
  }

  function answer(body: string): Answer {
    const asked = new URLSearchParams(body);
    const action = asked.get("Action") ?? "";
    const id = asked.get("InstanceId") ?? "";
    const owner = [...groups].find(([, { instances }]) => instances.some((one) => one.id === id))?.[0];
    const name = asked.get("AutoScalingGroupName") ?? asked.get("AutoScalingGroupNames.member.1") ?? owner ?? "";
    const group = groups.get(name);
    group?.calls.push(action);
    const said = (result: string): Answer => ({
      status: 200,
      body: `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`,
    });
    const invalid = (message: string): Answer => ({
      status: 400,
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>${message}</Message></Error></ErrorResponse>`,
    });
    if (group === undefined)
      return action === "DescribeAutoScalingGroups" ? said("<AutoScalingGroups/>") : invalid("AutoScalingGroup name not found");
    const instance = group.instances.find((one) => one.id === id);
    switch (action) {
      case "DescribeAutoScalingGroups":
        return said(`<AutoScalingGroups><member>${groupXml(name, group)}</member></AutoScalingGroups>`);
      case "DescribeLifecycleHooks":
        return said(`<LifecycleHooks>${hookXml(name, group)}</LifecycleHooks>`);
      case "SetDesiredCapacity": {
        const desired = Number(asked.get("DesiredCapacity"));
        if (desired < group.min || desired > group.max) return invalid(`New SetDesiredCapacity value ${desired} is outside of the group's bounds`);
        group.desired = desired;
        const open = staying(group).filter((one) => !one.protected);
        for (const victim of open.slice(0, Math.max(0, staying(group).length - desired))) victim.state = "Terminating";
        return said("");
      }
      case "TerminateInstanceInAutoScalingGroup": {
        if (instance === undefined) return invalid(`Instance Id not found - No managed instance found for instance ID ${id}`);
        const decrements = asked.get("ShouldDecrementDesiredCapacity") === "true";
        if (decrements && group.desired - 1 < group.min) return invalid("Currently, desiredSize equals minSize. Terminating would violate it.");
        if (decrements) group.desired -= 1;
        instance.state = "Terminating";
        return said("<Activity/>");
      }
      case "CompleteLifecycleAction":
      case "RecordLifecycleActionHeartbeat":
        if (instance?.state !== "Pending:Wait" || asked.get("LifecycleHookName") !== group.hook?.name)
          return invalid(`No active Lifecycle Action found with instance ID ${id}`);
        if (action === "CompleteLifecycleAction")
          instance.state = asked.get("LifecycleActionResult") === "CONTINUE" ? "Pending:Proceed" : "Terminating";
        return said("");
      default:
        return { status: 400, body: `<ErrorResponse><Error><Code>InvalidAction</Code><Message>${action}</Message></Error></ErrorResponse>` };
    }
  }

  const service = await openService("text/xml", ({ body }) => answer(body));
  return {
    ...service,
    settle,
    group(name, sizes) {
      const hook = { name: "caught-up", transition: LAUNCHING, result: "ABANDON", waitS: 90_000 };
      const group: GroupForTest = { min: 0, max: 10, desired: 0, protects: true, hook, instances: [], calls: [], ...sizes };
      groups.set(name, group);
      return group;
    },
  };
}

function groupXml(name: string, { min, max, desired, protects, instances }: GroupForTest): string {
  const members = instances.map(
    (one) =>
      `<member><InstanceId>${one.id}</InstanceId><AvailabilityZone>us-east-1a</AvailabilityZone><LifecycleState>${one.state}</LifecycleState><HealthStatus>Healthy</HealthStatus><ProtectedFromScaleIn>${one.protected}</ProtectedFromScaleIn></member>`,
  );
  return `<AutoScalingGroupName>${name}</AutoScalingGroupName><MinSize>${min}</MinSize><MaxSize>${max}</MaxSize><DesiredCapacity>${desired}</DesiredCapacity><NewInstancesProtectedFromScaleIn>${protects}</NewInstancesProtectedFromScaleIn><Instances>${members.join("")}</Instances>`;
}

function hookXml(name: string, { hook }: GroupForTest): string {
  return hook === null
    ? ""
    : `<member><AutoScalingGroupName>${name}</AutoScalingGroupName><LifecycleHookName>${hook.name}</LifecycleHookName><LifecycleTransition>${hook.transition}</LifecycleTransition><DefaultResult>${hook.result}</DefaultResult><GlobalTimeout>${hook.waitS}</GlobalTimeout></member>`;
}
