/** An ECS service keeps capacity's contract; what is not done where ECS could choose; and what the emulator does. */
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  UpdateTaskProtectionCommand,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ecsCapacity } from "../../adapters/capacity-ecs.ts";
import { openContainers } from "../support/container-service.ts";
import { useEmulator } from "../support/emulator.ts";
import { settableClock } from "../support/settable-clock.ts";
import { describeCapacity, lookAt, orderAt, staying } from "./capacity.contract.ts";

const aws = useEmulator();
const clock = settableClock();
const closers: (() => unknown)[] = [];
let api: Awaited<ReturnType<typeof openContainers>>;
let serial = 0;
beforeAll(async () => {
  api = await openContainers();
  closers.push(api.close);
});
afterAll(() => Promise.all(closers.map((close) => close())));

const PLACE = { region: "us-east-1", cluster: "nodes" };
const openAt = (endpoint: string, service: string, bounds: { min: number; max: number }) => {
  const capacity = ecsCapacity({ ...PLACE, service, endpoint, clock, ...bounds });
  closers.push(capacity.close);
  return capacity;
};
const order = () => orderAt(clock.wallMs());
const nextName = (): string => {
  serial += 1;
  return `rpc-${serial}`;
};
function opened(sizes: Partial<ReturnType<typeof api.service>> = {}, bounds = { min: 1, max: 20 }) {
  const name = nextName();
  const service = api.service(name, { desired: 3, ...sizes });
  api.settle(name);
  return { name, service, settle: () => api.settle(name), capacity: openAt(api.endpoint, name, bounds) };
}

describeCapacity("an ECS service as AWS documents it", async ({ desired, ...bounds }) => {
  const { name, capacity, settle } = opened({ desired }, bounds);
  return { capacity, other: openAt(api.endpoint, name, bounds), settle: async () => settle(), nowMs: clock.wallMs };
});

describe("an ECS service", () => {
  test("has all that stay protected, ten at a time, before one is taken off its number, and the named one open", async () => {
    const { capacity, service } = opened({ desired: 14 });
    const ids = (await lookAt(capacity)).units.map(({ id }) => id);
    expect((await capacity.remove(ids[4] ?? "", order())).kind).toBe("done");
    expect(service.tasks.filter((task) => !task.protected).map(({ id }) => id)).toEqual([ids[4]]);
    expect(service.calls.slice(-4)).toEqual(["UpdateTaskProtection", "UpdateTaskProtection", "UpdateTaskProtection", "UpdateService"]);
  });

  test("gives the next one up although it was protected when the one before went", async () => {
    const { capacity, settle } = opened();
    const ids = (await lookAt(capacity)).units.map(({ id }) => id);
    for (const id of [ids[0], ids[1]]) {
      expect((await capacity.remove(id ?? "", order())).kind).toBe("done");
      settle();
      settle();
    }
    expect(staying(await lookAt(capacity)).map(({ id }) => id)).toEqual([ids[2]]);
  });

  test("takes one off its number once, when the order comes again before ECS has stopped the task", async () => {
    const { capacity, service, settle } = opened();
    const [unit] = (await lookAt(capacity)).units;
    const same = order();
    service.calls.length = 0;
    expect((await capacity.remove(unit?.id ?? "", same)).kind).toBe("done");
    expect((await capacity.remove(unit?.id ?? "", same)).kind).toBe("busy");
    settle();
    expect((await capacity.remove(unit?.id ?? "", same)).kind).toBe("already");
    expect([service.desired, service.calls.filter((call) => call === "UpdateService").length]).toEqual([2, 1]);
  });

  test("lowers nothing while one that stays cannot be protected", async () => {
    const { capacity, service } = opened();
    const [first, second] = service.tasks;
    if (second !== undefined) second.lastStatus = "PENDING";
    expect(await capacity.remove(first?.id ?? "", order())).toMatchObject({ kind: "busy", reason: expect.stringContaining("TASK_NOT_VALID") });
    expect(service.desired).toBe(3);
  });

  test.each<[string, Partial<ReturnType<typeof api.service>>, string]>([
    ["is being deployed", { deployments: 2 }, "busy"],
    ["is deployed by CodeDeploy", { controller: "CODE_DEPLOY" }, "refused"],
    ["has one task a host", { strategy: "DAEMON" }, "refused"],
  ])("is neither raised nor lowered while it %s", async (_, sizes, kind) => {
    const { capacity, service } = opened(sizes);
    const [unit] = (await lookAt(capacity)).units;
    expect((await capacity.raise({ from: 3, to: 4 }, order())).kind).toBe(kind);
    expect((await capacity.remove(unit?.id ?? "", order())).kind).toBe(kind);
    expect(service.calls).not.toContain("UpdateService");
  });

  test("is refused where there is none of its name, and unreachable where nothing listens", async () => {
    expect((await openAt(api.endpoint, "no-such-service", { min: 0, max: 3 }).look()).kind).toBe("refused");
    expect((await openAt("http://127.0.0.1:9", "rpc", { min: 0, max: 3 }).look()).kind).toBe("unreachable");
  });

  test("says nothing is known when the answer to a change is lost for good, and that it is so when the change had been made", async () => {
    const { capacity, service } = opened();
    api.fate(({ target }) => (target === "UpdateService" ? "lost" : "told"));
    const same = order();
    expect((await capacity.raise({ from: 3, to: 4 }, same)).kind).toBe("unreachable");
    api.fate(() => "told");
    expect((await capacity.raise({ from: 3, to: 4 }, same)).kind).toBe("already");
    expect(service.desired).toBe(4);
  });
});

describe("the emulator's ECS", () => {
  const service = async (desiredCount: number) => {
    const client = new ECSClient({ endpoint: aws.endpoint, region: PLACE.region });
    closers.push(() => client.destroy());
    await client.send(new CreateClusterCommand({ clusterName: PLACE.cluster }));
    await client.send(new RegisterTaskDefinitionCommand({ family: "node", containerDefinitions: [{ name: "node", image: "node:24", memory: 64 }] }));
    const serviceName = nextName();
    await client.send(new CreateServiceCommand({ cluster: PLACE.cluster, serviceName, taskDefinition: "node", desiredCount }));
    return { client, name: serviceName };
  };

  describeCapacity(
    "an ECS service of the emulator's",
    async ({ desired, ...bounds }) => {
      const { client, name } = await service(desired);
      const open = () => openAt(aws.endpoint, name, bounds);
      /** Without Docker it starts another in place of a stopped task only when the service is updated. */
      const settle = async () => void (await client.send(new UpdateServiceCommand({ cluster: PLACE.cluster, service: name })));
      return { capacity: open(), other: open(), settle, nowMs: clock.wallMs };
    },
    { choosing: "this emulator protects no task: it stops the newest" },
  );

  test("still confirms no protection, so that nothing is lowered there (else the contract can run there)", async () => {
    const { client, name } = await service(3);
    const capacity = openAt(aws.endpoint, name, { min: 1, max: 6 });
    const before = await lookAt(capacity);
    const [unit] = before.units;
    const command = new UpdateTaskProtectionCommand({ cluster: PLACE.cluster, tasks: [unit?.id ?? ""], protectionEnabled: true });
    expect((await client.send(command)).protectedTasks).toEqual([]);
    expect(await capacity.remove(unit?.id ?? "", order())).toMatchObject({ kind: "refused", reason: expect.stringContaining("did not confirm") });
    expect(await lookAt(capacity)).toEqual(before);
  });
});
