/** An Auto Scaling group keeps capacity's contract; what is refused of one that could choose by itself; and what the emulator does. */
import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  PutLifecycleHookCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asgCapacity } from "../../adapters/capacity-asg.ts";
import { openAutoScaling } from "../support/auto-scaling-service.ts";
import { useEmulator } from "../support/emulator.ts";
import { settableClock } from "../support/settable-clock.ts";
import { describeCapacity, lookAt, orderAt, staying } from "./capacity.contract.ts";

const aws = useEmulator();
const clock = settableClock();
const closers: (() => unknown)[] = [];
let service: Awaited<ReturnType<typeof openAutoScaling>>;
let serial = 0;
beforeAll(async () => {
  service = await openAutoScaling();
  closers.push(service.close);
});
afterAll(() => Promise.all(closers.map((close) => close())));

const REGION = "us-east-1";
const openAt = (endpoint: string, name: string, bounds: { min: number; max: number }) => {
  const capacity = asgCapacity({ name, lifecycleHook: "caught-up", region: REGION, endpoint, clock, startSeconds: 300, ...bounds });
  closers.push(capacity.close);
  return capacity;
};
const order = () => orderAt(clock.wallMs());
const nextName = (): string => {
  serial += 1;
  return `rpc-${serial}`;
};
function opened(sizes: Partial<ReturnType<typeof service.group>> = {}) {
  const name = nextName();
  const group = service.group(name, { min: 1, max: 6, desired: 3, ...sizes });
  service.settle(name);
  return { name, group, settle: () => service.settle(name), capacity: openAt(service.endpoint, name, { min: 0, max: 10 }) };
}

describeCapacity("an Auto Scaling group as AWS documents it", async (sizes) => {
  const { name, capacity, settle } = opened(sizes);
  return { capacity, other: openAt(service.endpoint, name, { min: 0, max: 10 }), settle: async () => settle(), nowMs: clock.wallMs };
});

describe("an Auto Scaling group that could choose by itself", () => {
  test.each<[string, Partial<ReturnType<typeof service.group>>, string]>([
    ["does not protect its instances", { protects: false }, "could choose which"],
    ["has no hook", { hook: null }, "would serve at once"],
    [
      "has its hook at the other end",
      { hook: { name: "caught-up", transition: "autoscaling:EC2_INSTANCE_TERMINATING", result: "ABANDON", waitS: 90_000 } },
      "on launch",
    ],
    [
      "lets serve whatever nobody answered for",
      { hook: { name: "caught-up", transition: "autoscaling:EC2_INSTANCE_LAUNCHING", result: "CONTINUE", waitS: 90_000 } },
      "must be ABANDON",
    ],
    [
      "ends what waits before a node can have caught up",
      { hook: { name: "caught-up", transition: "autoscaling:EC2_INSTANCE_LAUNCHING", result: "ABANDON", waitS: 299 } },
      "after 299 s, and a start takes 300 s",
    ],
  ])("is neither raised nor lowered when it %s", async (_, sizes, reason) => {
    const { capacity, group } = opened(sizes);
    const [unit] = (await lookAt(capacity)).units;
    for (const outcome of [await capacity.raise({ from: 3, to: 4 }, order()), await capacity.remove(unit?.id ?? "", order())])
      expect(outcome).toMatchObject({ kind: "refused", reason: expect.stringContaining(reason) });
    expect(group.calls).not.toContain("SetDesiredCapacity");
    expect(group.calls).not.toContain("TerminateInstanceInAutoScalingGroup");
  });

  test("is looked at, and refused, where there is none of its name", async () => {
    const capacity = openAt(service.endpoint, "no-such-group", { min: 0, max: 3 });
    expect(await capacity.look()).toMatchObject({ kind: "refused", reason: "there is no Auto Scaling group no-such-group in us-east-1" });
    expect((await capacity.raise({ from: 0, to: 1 }, order())).kind).toBe("refused");
  });
});

describe("an Auto Scaling group behind a network", () => {
  test("takes one off the wanted number when the answer to a termination is lost and the order is given again", async () => {
    const { capacity, group, settle } = opened();
    const [unit] = (await lookAt(capacity)).units;
    const same = order();
    service.fate(({ body }) => (body.includes("Action=TerminateInstance") ? "lost" : "told"));
    expect((await capacity.remove(unit?.id ?? "", same)).kind).toBe("unreachable");
    service.fate(() => "told");
    expect((await capacity.remove(unit?.id ?? "", same)).kind).toBe("already");
    settle();
    expect([group.desired, staying(await lookAt(capacity)).length]).toEqual([2, 2]);
    expect(group.calls.filter((call) => call.startsWith("Terminate"))).toHaveLength(1);
  });

  test("ends one that is too many without taking it off the wanted number", async () => {
    const { capacity, group, settle } = opened();
    for (const { id } of (await lookAt(capacity)).units) await capacity.complete(id, "serves", order());
    settle();
    group.desired = 2;
    const [unit] = (await lookAt(capacity)).units;
    expect((await capacity.remove(unit?.id ?? "", order())).kind).toBe("done");
    settle();
    expect([group.desired, staying(await lookAt(capacity)).length]).toEqual([2, 2]);
  });

  test("is unreachable where nothing listens, and busy for one that does not wait at its hook yet", async () => {
    expect((await openAt("http://127.0.0.1:9", "rpc", { min: 0, max: 3 }).look()).kind).toBe("unreachable");
    const { capacity, group } = opened();
    const [first] = group.instances;
    if (first !== undefined) first.state = "Pending";
    expect((await capacity.complete(first?.id ?? "", "serves", order())).kind).toBe("busy");
  });
});

describe("the emulator's Auto Scaling", () => {
  const group = async (sizes: { min: number; max: number; desired: number }) => {
    const client = new AutoScalingClient({ endpoint: aws.endpoint, region: REGION });
    closers.push(() => client.destroy());
    const AutoScalingGroupName = nextName();
    const { min: MinSize, max: MaxSize, desired: DesiredCapacity } = sizes;
    await client.send(
      new CreateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize, MaxSize, DesiredCapacity, NewInstancesProtectedFromScaleIn: true }),
    );
    await client.send(
      new PutLifecycleHookCommand({
        AutoScalingGroupName,
        LifecycleHookName: "caught-up",
        LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
        DefaultResult: "ABANDON",
      }),
    );
    return { client, name: AutoScalingGroupName };
  };

  describeCapacity(
    "an Auto Scaling group of the emulator's",
    async (sizes) => {
      const { name } = await group(sizes);
      const open = () => openAt(aws.endpoint, name, { min: 0, max: 10 });
      return { capacity: open(), other: open(), settle: async () => {}, nowMs: clock.wallMs };
    },
    {
      waiting: "this emulator has instances in service at once, whatever the hook",
      choosing: "this emulator cannot terminate an instance of a group",
    },
  );

  test("still knows no termination by id, which is refused and ends nothing (else the contract can run there)", async () => {
    const { client, name } = await group({ min: 1, max: 6, desired: 3 });
    const capacity = openAt(aws.endpoint, name, { min: 1, max: 6 });
    const before = await lookAt(capacity);
    const [unit] = before.units;
    const command = new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: unit?.id ?? "", ShouldDecrementDesiredCapacity: true });
    await expect(client.send(command)).rejects.toMatchObject({ name: "InvalidAction" });
    expect((await capacity.remove(unit?.id ?? "", order())).kind).toBe("refused");
    expect(await lookAt(capacity)).toEqual(before);
  });
});
