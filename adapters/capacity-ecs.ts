/**
 * Capacity in an ECS service. ECS has no lifecycle hook: a task serves when it bears our tag, which it is given when its node has caught
 * up. ECS chooses which task goes when the wanted number falls, but never one that is protected: so all that stay are protected, each
 * confirmed, before the number is lowered by one, and the one that was named is all that is left to choose. Protection ends by itself
 * within minutes, since it also holds deployments up.
 */
import { DescribeServicesCommand, ECSClient, type Service, StopTaskCommand, TagResourceCommand, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import { type CapacityLook, type CapacityOutcome, Seen } from "../core/kernel/capacity.ts";
import { judgeRaise, judgeRemoval, judgeVerdict, stayingUnits } from "../core/kernel/capacity-rules.ts";
import { SERVES_TAG } from "../core/kernel/names.ts";
import type { Clock } from "../core/kernel/ports.ts";
import type { Capacity } from "../core/kernel/service-ports.ts";
import { type AwsPlace, answeredBy, clientSettings, lookedBy } from "./capacity-calls.ts";
import { protectTasks, type ServiceTask, tasksOf, unitOf } from "./capacity-ecs-tasks.ts";

const BUSY: ReadonlySet<string> = new Set(["UpdateInProgressException", "ConflictException"]);

export type EcsCapacityOptions = AwsPlace & {
  readonly cluster: string;
  readonly service: string;
  readonly min: number;
  readonly max: number;
  readonly clock: Pick<Clock, "wallMs">;
};

export function ecsCapacity(options: EcsCapacityOptions): Capacity & { close(): void } {
  const { cluster, service, min, max, clock } = options;
  const name = `the ECS service ${cluster}/${service} in ${options.region}`;
  const client = new ECSClient(clientSettings(options, { repeats: true }));

  type Found = { kind: "found"; service: Service; tasks: readonly ServiceTask[]; seen: Seen };
  const describe = (): Promise<Found | Exclude<CapacityLook, Seen>> =>
    lookedBy(`look at ${name}`, async () => {
      const { services = [] } = await client.send(new DescribeServicesCommand({ cluster, services: [service] }));
      const found = services.find(({ status }) => status === "ACTIVE");
      if (found === undefined) return { kind: "refused" as const, reason: `there is no ${name.slice("the ".length)}` };
      const tasks = await tasksOf(client, { cluster, service });
      const seen = Seen.safeParse({ kind: "seen", desired: found.desiredCount, min, max, units: tasks.map(unitOf) });
      if (seen.success) return { kind: "found" as const, service: found, tasks, seen: seen.data };
      return { kind: "refused" as const, reason: `${name} is larger than, or other than, what is understood here` };
    });

  /** What a wanted number means, and whether protection can be given, is only known of a service that stands still. */
  function unfitness({ schedulingStrategy = "REPLICA", deploymentController, deployments = [] }: Service): CapacityOutcome | null {
    if (schedulingStrategy !== "REPLICA") return { kind: "refused", reason: `${name} has one task a host: it has no wanted number` };
    const controller = deploymentController?.type ?? "ECS";
    if (controller !== "ECS")
      return { kind: "refused", reason: `${name} is deployed by ${controller}; only rolling deployments (ECS) are understood` };
    return deployments.length > 1 ? { kind: "busy", reason: `${name} is being deployed: old and new tasks cannot be told from wanted ones` } : null;
  }

  async function changing(action: string, act: (found: Found) => Promise<CapacityOutcome>): Promise<CapacityOutcome> {
    const found = await describe();
    return found.kind === "found" ? answeredBy(`${action} in ${name}`, BUSY, () => act(found)) : found;
  }

  return {
    name,
    close: () => client.destroy(),
    async look() {
      const found = await describe();
      return found.kind === "found" ? found.seen : found;
    },
    raise: (raise, order) =>
      changing(`ask for ${raise.to} units`, async (found) => {
        const judged = judgeRaise(found.seen, raise, order, clock.wallMs());
        const stop = judged.kind === "go" ? unfitness(found.service) : judged;
        if (stop !== null) return stop;
        await client.send(new UpdateServiceCommand({ cluster, service, desiredCount: raise.to }));
        return { kind: "done", reason: `${raise.to} tasks are asked for in ${name}` };
      }),
    complete: (unit, verdict, order) =>
      changing(`answer for ${unit}`, async ({ seen, tasks }) => {
        const judged = judgeVerdict(seen, unit, verdict, order, clock.wallMs());
        if (judged.kind !== "go") return judged;
        const task = tasks.find(({ id }) => id === unit)?.arn;
        if (verdict === "waits") return { kind: "already", reason: `nothing ends the wait of a task such as ${unit}` };
        if (verdict === "serves") await client.send(new TagResourceCommand({ resourceArn: task, tags: [{ key: SERVES_TAG, value: "true" }] }));
        else await client.send(new StopTaskCommand({ cluster, task, reason: order.reason }));
        return { kind: "done", reason: verdict === "serves" ? `${unit} bears the tag ${SERVES_TAG}` : `${unit} is being stopped, ECS replaces it` };
      }),
    remove: (unit, order) =>
      changing(`end ${unit}`, async ({ seen, tasks, service: found }) => {
        const judged = judgeRemoval(seen, unit, order, clock.wallMs());
        const stop = judged.kind === "go" ? unfitness(found) : judged;
        if (stop !== null) return stop;
        const { length: count } = stayingUnits(seen);
        /** With more, ECS is stopping one already; with fewer it might stop one that is only starting, in place of this one. */
        if (count !== seen.desired)
          return { kind: "busy", reason: `${name} has ${count} tasks where ${seen.desired} are asked for: it is not steady` };
        const arnOf = new Map(tasks.map(({ id, arn }) => [id, arn]));
        const arns = stayingUnits(seen).flatMap(({ id }) => (id === unit ? [] : [arnOf.get(id) ?? ""]));
        const held = (await protectTasks(client, cluster, arns, true)) ?? (await protectTasks(client, cluster, [arnOf.get(unit) ?? ""], false));
        if (held !== null) return held;
        await client.send(new UpdateServiceCommand({ cluster, service, desiredCount: seen.desired - 1 }));
        return { kind: "done", reason: `${unit} alone may be stopped, ${seen.desired - 1} tasks are asked for` };
      }),
  };
}
