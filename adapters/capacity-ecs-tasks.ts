/** The tasks of an ECS service as units, and the protection that keeps ECS from choosing any of them. */
import { DescribeTasksCommand, type ECSClient, ListTasksCommand, type Task, UpdateTaskProtectionCommand } from "@aws-sdk/client-ecs";
import { type CapacityOutcome, sayBriefly, UNITS_MAX, type Unit } from "../core/kernel/capacity.ts";
import { SERVES_TAG } from "../core/kernel/names.ts";

/** ECS's limits of a page, of a description and of a protection. */
const TASKS_A_PAGE = 100;
const PROTECTED_AT_ONCE = 10;
/** ECS stops a task within a minute or two of the number's fall; a deployment then waits for what is left of this. */
const PROTECT_MINUTES = 10;
const PAGES_MAX = Math.ceil((2 * UNITS_MAX) / TASKS_A_PAGE);
const LEAVING: ReadonlySet<string> = new Set(["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"]);

export type ServiceTask = { readonly id: string; readonly arn: string; readonly task: Task };

/** Those that ECS wants to run, at most twice `UNITS_MAX`. Throws what AWS says, and where there are more. */
export async function tasksOf(client: ECSClient, place: { cluster: string; service: string }): Promise<ServiceTask[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page === 0 || nextToken !== undefined; page += 1) {
    if (page === PAGES_MAX) throw new RangeError(`the service has more than ${PAGES_MAX * TASKS_A_PAGE} tasks`);
    const command = new ListTasksCommand({
      cluster: place.cluster,
      serviceName: place.service,
      desiredStatus: "RUNNING",
      maxResults: TASKS_A_PAGE,
      nextToken,
    });
    const listed = await client.send(command);
    arns.push(...(listed.taskArns ?? []));
    nextToken = listed.nextToken;
  }
  const found: ServiceTask[] = [];
  for (let at = 0; at < arns.length; at += TASKS_A_PAGE) {
    const tasks = arns.slice(at, at + TASKS_A_PAGE);
    const described = await client.send(new DescribeTasksCommand({ cluster: place.cluster, tasks, include: ["TAGS"] }));
    for (const task of described.tasks ?? []) found.push({ id: idOf(task.taskArn ?? ""), arn: task.taskArn ?? "", task });
  }
  return found;
}

export function unitOf({ id, task }: ServiceTask): Unit {
  const { lastStatus = "", desiredStatus = "", healthStatus, tags = [], createdAt, availabilityZone } = task;
  const leaves = LEAVING.has(lastStatus) || LEAVING.has(desiredStatus) || healthStatus === "UNHEALTHY";
  const serves = tags.some(({ key, value }) => key === SERVES_TAG && value === "true");
  return {
    id,
    state: leaves ? "leaving" : serves ? "ready" : "starting",
    startedAtMs: createdAt === undefined ? null : Math.trunc(createdAt.getTime()),
    zone: availabilityZone ?? null,
  };
}

/** Null when every task's protection is confirmed to be as wanted; otherwise why not, and nothing has been lowered yet. */
export async function protectTasks(client: ECSClient, cluster: string, arns: readonly string[], on: boolean): Promise<CapacityOutcome | null> {
  for (let at = 0; at < arns.length; at += PROTECTED_AT_ONCE) {
    const tasks = arns.slice(at, at + PROTECTED_AT_ONCE);
    const command = { cluster, tasks, protectionEnabled: on, ...(on ? { expiresInMinutes: PROTECT_MINUTES } : {}) };
    const { protectedTasks = [], failures = [] } = await client.send(new UpdateTaskProtectionCommand(command));
    const [failure] = failures;
    if (failure !== undefined)
      return { kind: "busy", reason: sayBriefly(`${failure.arn}: ${failure.reason}: ${failure.detail ?? "its protection was not changed"}`) };
    const confirmed = new Set(protectedTasks.filter(({ protectionEnabled }) => protectionEnabled === on).map(({ taskArn }) => taskArn));
    const missing = tasks.find((arn) => !confirmed.has(arn));
    if (missing !== undefined)
      return {
        kind: "refused",
        reason: sayBriefly(`ECS did not confirm that ${missing} is ${on ? "protected" : "not protected"}: it could choose another`),
      };
  }
  return null;
}

/** The last part of a task's ARN. */
const idOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
