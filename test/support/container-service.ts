/**
 * ECS's API for one service a name, as AWS documents it, for what the emulator does not have: protection of tasks. Unkind where AWS leaves
 * it open: of the tasks that it may stop it stops the newest. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
 */
import { type Answer, openService, type ServiceUnderTest } from "./aws-service.ts";

type TaskForTest = {
  id: string;
  lastStatus: string;
  desiredStatus: string;
  protected: boolean;
  createdAt: number;
  tags: { key: string; value: string }[];
};
export type ContainersForTest = {
  desired: number;
  tasks: TaskForTest[];
  deployments: number;
  controller: string;
  strategy: string;
  /** Every call's action. */
  readonly calls: string[];
};

const PROTECTED_AT_ONCE = 10;
const CLUSTER = "nodes";
const arnOf = (id: string): string => `arn:aws:ecs:us-east-1:000000000000:task/${CLUSTER}/${id}`;
const idOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

export async function openContainers(): Promise<
  ServiceUnderTest & { service(name: string, sizes: Partial<ContainersForTest>): ContainersForTest; settle(name: string): void }
> {
  const services = new Map<string, ContainersForTest>();
  let serial = 0;

  function settle(name: string): void {
    const service = services.get(name);
    if (service === undefined) return;
    service.tasks = service.tasks.filter(({ desiredStatus }) => desiredStatus === "RUNNING");
    for (const task of service.tasks) task.lastStatus = "RUNNING";
    while (service.tasks.length < service.desired) {
      serial += 1;
      const id = serial.toString(16).padStart(32, "0");
      service.tasks.push({ id, lastStatus: "RUNNING", desiredStatus: "RUNNING", protected: false, createdAt: 1_700_000_000 + serial, tags: [] });
    }
    const mayGo = service.tasks.filter((task) => !task.protected).toReversed();
    for (const task of mayGo.slice(0, Math.max(0, service.tasks.length - service.desired)))
      Object.assign(task, { desiredStatus: "STOPPED", lastStatus: "DEPROVISIONING" });
  }

  function answer(action: string, asked: Record<string, unknown>): Answer {
    const said = (body: object): Answer => ({ status: 200, body: JSON.stringify(body) });
    const failed = (type: string, message: string): Answer => ({ status: 400, body: JSON.stringify({ __type: type, message }) });
    const ids = ((asked.tasks as string[] | undefined) ?? [String(asked.task ?? asked.resourceArn ?? "")]).map(idOf);
    const byName = String(asked.service ?? asked.serviceName ?? (asked.services as string[] | undefined)?.[0] ?? "");
    const entry = services.get(byName) ?? [...services.values()].find(({ tasks }) => tasks.some(({ id }) => ids.includes(id)));
    entry?.calls.push(action);
    if (entry === undefined)
      return action === "DescribeServices" ? said({ services: [], failures: [{ reason: "MISSING" }] }) : failed("ServiceNotFoundException", byName);
    const named = entry.tasks.filter(({ id }) => ids.includes(id));
    switch (action) {
      case "DescribeServices":
        return said({ services: [serviceJson(byName, entry)] });
      case "ListTasks":
        return said({ taskArns: entry.tasks.filter((task) => task.desiredStatus === asked.desiredStatus).map(({ id }) => arnOf(id)) });
      case "DescribeTasks":
        return said({
          tasks: named.map(({ id, protected: _, ...task }) => ({
            taskArn: arnOf(id),
            healthStatus: "UNKNOWN",
            availabilityZone: "us-east-1a",
            ...task,
          })),
        });
      case "UpdateService":
        entry.desired = Number(asked.desiredCount);
        return said({ service: serviceJson(byName, entry) });
      case "UpdateTaskProtection": {
        if (ids.length > PROTECTED_AT_ONCE) return failed("InvalidParameterException", "Tasks cannot be more than 10.");
        const running = named.filter(({ lastStatus }) => lastStatus === "RUNNING");
        for (const task of running) task.protected = asked.protectionEnabled === true;
        const failures = named.filter((task) => !running.includes(task)).map(({ id }) => ({ arn: arnOf(id), reason: "TASK_NOT_VALID" }));
        return said({ protectedTasks: running.map(({ id }) => ({ taskArn: arnOf(id), protectionEnabled: asked.protectionEnabled })), failures });
      }
      case "TagResource":
        for (const task of named) task.tags.push(...(asked.tags as TaskForTest["tags"]));
        return said({});
      case "StopTask":
        for (const task of named) Object.assign(task, { desiredStatus: "STOPPED", lastStatus: "STOPPING" });
        return said({});
      default:
        return failed("InvalidAction", action);
    }
  }

  const api = await openService("application/x-amz-json-1.1", ({ target, body }) => answer(target, JSON.parse(body) as Record<string, unknown>));
  return {
    ...api,
    settle,
    service(name, sizes) {
      const service: ContainersForTest = { desired: 0, tasks: [], deployments: 1, controller: "ECS", strategy: "REPLICA", calls: [], ...sizes };
      services.set(name, service);
      return service;
    },
  };
}

function serviceJson(serviceName: string, { desired, deployments, controller, strategy }: ContainersForTest): object {
  return {
    serviceName,
    status: "ACTIVE",
    desiredCount: desired,
    schedulingStrategy: strategy,
    deploymentController: { type: controller },
    deployments: Array.from({ length: deployments }, (_, index) => ({ id: String(index) })),
  };
}
