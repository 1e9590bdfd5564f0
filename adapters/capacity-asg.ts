/**
 * Capacity in an EC2 Auto Scaling group. An instance waits at the group's lifecycle hook until it was told to serve. AWS never chooses
 * which instance goes: the wanted number is only raised, and one that is to go is terminated by its id together with the number. Both
 * are done only in a group that could not choose otherwise either: new instances are protected from scale-in, which the group also heeds
 * when it balances its zones, and the hook's default is ABANDON, so that an instance whose node never caught up is never served from.
 */
import {
  AutoScalingClient,
  type AutoScalingGroup,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
  type Instance,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import { type CapacityLook, type CapacityOutcome, Seen, type Unit } from "../core/kernel/capacity.ts";
import { judgeRaise, judgeRemoval, judgeVerdict } from "../core/kernel/capacity-rules.ts";
import type { Clock } from "../core/kernel/ports.ts";
import type { Capacity } from "../core/kernel/service-ports.ts";
import { type AwsPlace, answeredBy, clientSettings, lookedBy } from "./capacity-calls.ts";

const LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING";
const BUSY: ReadonlySet<string> = new Set([
  "ScalingActivityInProgress",
  "ScalingActivityInProgressFault",
  "ResourceContention",
  "ResourceContentionFault",
]);
/** `Pending:Proceed`: the hook was answered, and the group is at its next step. Warm pools' instances are no units yet. */
const STATE: Readonly<Record<string, Unit["state"]>> = {
  Pending: "starting",
  "Pending:Wait": "starting",
  "Pending:Proceed": "ready",
  InService: "ready",
};

export type AsgCapacityOptions = AwsPlace & {
  readonly name: string;
  readonly lifecycleHook: string;
  /** The fleet file's; the group's own bounds hold as well. */
  readonly min: number;
  readonly max: number;
  /** What a node's start takes, catching up included: the hook must let an instance wait that long. */
  readonly startSeconds?: number;
  readonly clock: Pick<Clock, "wallMs">;
};

export function asgCapacity(options: AsgCapacityOptions): Capacity & { close(): void } {
  const { name: group, lifecycleHook, startSeconds = 0, clock } = options;
  const name = `the Auto Scaling group ${group} in ${options.region}`;
  const client = new AutoScalingClient(clientSettings(options, { repeats: true }));
  /** A termination that is sent again might take a second one off the wanted number. */
  const once = new AutoScalingClient(clientSettings(options, { repeats: false }));
  const atHook = { AutoScalingGroupName: group, LifecycleHookName: lifecycleHook };

  const describe = (): Promise<{ kind: "found"; group: AutoScalingGroup; seen: Seen } | Exclude<CapacityLook, Seen>> =>
    lookedBy(`look at ${name}`, async () => {
      const { AutoScalingGroups = [] } = await client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [group] }));
      const found = AutoScalingGroups.find(({ AutoScalingGroupName }) => AutoScalingGroupName === group);
      if (found === undefined) return { kind: "refused" as const, reason: `there is no ${name.slice("the ".length)}` };
      const seen = Seen.safeParse(seenIn(found, options));
      if (seen.success) return { kind: "found" as const, group: found, seen: seen.data };
      return { kind: "refused" as const, reason: `${name} is larger than, or other than, what is understood here` };
    });

  /** Why AWS might choose who goes, or let one serve that has not caught up; null where it cannot. */
  async function unfitness(found: AutoScalingGroup): Promise<string | null> {
    if (found.NewInstancesProtectedFromScaleIn !== true)
      return `${name} does not protect new instances from scale-in, so AWS could choose which of them goes`;
    const { LifecycleHooks = [] } = await client.send(
      new DescribeLifecycleHooksCommand({ AutoScalingGroupName: group, LifecycleHookNames: [lifecycleHook] }),
    );
    const hook = LifecycleHooks.find(({ LifecycleHookName }) => LifecycleHookName === lifecycleHook);
    if (hook?.LifecycleTransition !== LAUNCHING) return `${name} has no lifecycle hook ${lifecycleHook} on launch: an instance would serve at once`;
    if (hook.DefaultResult !== "ABANDON")
      return `the hook ${lifecycleHook} of ${name} lets an instance serve when nobody answers; its default result must be ABANDON`;
    const { GlobalTimeout: waitS } = hook;
    return waitS === undefined || waitS >= startSeconds
      ? null
      : `the hook ${lifecycleHook} of ${name} ends an instance after ${waitS} s, and a start takes ${startSeconds} s: its heartbeat must be longer`;
  }

  type Found = Extract<Awaited<ReturnType<typeof describe>>, { kind: "found" }>;
  async function changing(action: string, act: (found: Found) => Promise<CapacityOutcome>): Promise<CapacityOutcome> {
    const found = await describe();
    return found.kind === "found" ? answeredBy(`${action} in ${name}`, BUSY, () => act(found)) : found;
  }

  return {
    name,
    close() {
      client.destroy();
      once.destroy();
    },
    async look() {
      const found = await describe();
      return found.kind === "found" ? found.seen : found;
    },
    raise: (raise, order) =>
      changing(`ask for ${raise.to} units`, async (found) => {
        const judged = judgeRaise(found.seen, raise, order, clock.wallMs());
        if (judged.kind !== "go") return judged;
        const unfit = await unfitness(found.group);
        if (unfit !== null) return { kind: "refused", reason: unfit };
        await client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: raise.to, HonorCooldown: false }));
        return { kind: "done", reason: `${raise.to} instances are asked for in ${name}` };
      }),
    complete: (unit, verdict, order) =>
      changing(`answer for ${unit}`, async ({ seen, group: { Instances = [] } }) => {
        const judged = judgeVerdict(seen, unit, verdict, order, clock.wallMs());
        if (judged.kind !== "go") return judged;
        const state = Instances.find(({ InstanceId }) => InstanceId === unit)?.LifecycleState;
        if (state !== "Pending:Wait") return { kind: "busy", reason: `${unit} is ${state} and does not wait at ${lifecycleHook} yet` };
        if (verdict === "waits") {
          await client.send(new RecordLifecycleActionHeartbeatCommand({ ...atHook, InstanceId: unit }));
          return { kind: "done", reason: `${unit} may wait at ${lifecycleHook} for another heartbeat` };
        }
        const LifecycleActionResult = verdict === "serves" ? "CONTINUE" : "ABANDON";
        await client.send(new CompleteLifecycleActionCommand({ ...atHook, InstanceId: unit, LifecycleActionResult }));
        return { kind: "done", reason: `${lifecycleHook} was answered for ${unit} with ${LifecycleActionResult}` };
      }),
    remove: (unit, order) =>
      changing(`end ${unit}`, async (found) => {
        const judged = judgeRemoval(found.seen, unit, order, clock.wallMs());
        if (judged.kind !== "go") return judged;
        const unfit = await unfitness(found.group);
        if (unfit !== null) return { kind: "refused", reason: unfit };
        await once.send(new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: unit, ShouldDecrementDesiredCapacity: !judged.surplus }));
        return { kind: "done", reason: `${unit} is being terminated${judged.surplus ? "" : `, ${found.seen.desired - 1} instances are asked for`}` };
      }),
  };
}

function seenIn(found: AutoScalingGroup, { min, max }: Pick<AsgCapacityOptions, "min" | "max">): unknown {
  return {
    kind: "seen",
    desired: found.DesiredCapacity,
    min: Math.max(min, found.MinSize ?? 0),
    max: Math.min(max, found.MaxSize ?? max),
    units: (found.Instances ?? []).flatMap(unitOf),
  };
}

/** AWS does not say here when an instance was started. One in standby, or unhealthy, is counted no more: the group replaces it. */
function unitOf({ InstanceId, LifecycleState, HealthStatus, AvailabilityZone }: Instance): Unit[] {
  if (InstanceId === undefined || LifecycleState?.startsWith("Warmed:")) return [];
  const state = HealthStatus === "Unhealthy" ? "leaving" : (STATE[LifecycleState ?? ""] ?? "leaving");
  return [{ id: InstanceId, state, startedAtMs: null, zone: AvailabilityZone ?? null }];
}
