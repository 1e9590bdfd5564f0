/** Each group of the fleet file is moved by what it names, through the one port, by whoever opens a function's world. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { localAuthority } from "../../adapters/authority-kms.ts";
import { capacities } from "../../adapters/capacity-actuator.ts";
import { memoryCapacity } from "../../adapters/capacity-memory.ts";
import { capacityReceiver } from "../../adapters/capacity-receiver.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { parseFleet } from "../../adapters/fleet-yaml.ts";
import { newSigningKey, publicKeyOf } from "../../adapters/signature-ed25519.ts";
import { openCapacityDoor } from "../../localstack/network/capacity-door.ts";
import { openAutoScaling } from "../support/auto-scaling-service.ts";
import { openContainers } from "../support/container-service.ts";
import { settableClock } from "../support/settable-clock.ts";
import { lookAt, orderAt } from "./capacity.contract.ts";

const clock = settableClock();
const entropy = systemEntropy();
const control = generateKeyPairSync("ec", { namedCurve: "P-256" });
const closers: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(closers.map((close) => close())));
Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });

function fleetWith(actuator: Record<string, unknown>) {
  const example = parse(readFileSync(join(import.meta.dirname, "../../examples/rehearsal.fleet.yaml"), "utf8"));
  const group = {
    name: "rpc",
    serves: { kind: "purpose", purpose: "rpc" },
    actuator,
    min: 1,
    max: 4,
    unitCapacity: 100,
    demand: { kind: "signal", signal: "requestsPerSecond" },
    joins: { idPrefix: "rpc-", regions: ["us-east-1"], zones: ["use1-az1"], max: 4 },
  };
  const reading = parseFleet(stringify({ ...example, scaling: { groups: [group] } }), "fleet.yaml");
  if (reading.kind === "invalid") throw new Error(reading.faults.join("\n"));
  return reading.fleet;
}

async function webhookActuator(): Promise<Record<string, unknown>> {
  const key = newSigningKey();
  const capacity = memoryCapacity({ name: "memory", min: 1, max: 4, desired: 2, clock });
  const receive = capacityReceiver({ fleet: "rehearsal", group: "rpc", controlKeys: [control.publicKey], key, capacity, clock, entropy });
  const door = await openCapacityDoor({ port: 0, receive });
  closers.push(door.close);
  return { kind: "webhook", url: door.url, key: publicKeyOf(key) };
}

const open = (actuator: Record<string, unknown>, endpoint?: string) => {
  const authority = async () => localAuthority({ fleet: "rehearsal", clock, privateKey: control.privateKey });
  return capacities({ fleet: fleetWith(actuator), clock, entropy, authority, endpoint });
};

describe("the actuator that the fleet file names", () => {
  test.each(["asg", "ecs", "webhook"])("is %s: it is seen and raised through the port, within the file's bounds", async (kind) => {
    const [scaling, containers] = [await openAutoScaling(), await openContainers()];
    closers.push(scaling.close, containers.close);
    scaling.group("rpc-nodes", { desired: 2, max: 9 });
    containers.service("rpc-nodes", { desired: 2 });
    containers.settle("rpc-nodes");
    const region = "us-east-1";
    const actuator = {
      asg: { kind, name: "rpc-nodes", region, lifecycleHook: "caught-up" },
      ecs: { kind, cluster: "nodes", service: "rpc-nodes", region },
      webhook: await webhookActuator(),
    }[kind as "asg"] as Record<string, unknown>;
    const capacity = open(actuator, kind === "asg" ? scaling.endpoint : containers.endpoint)("rpc");
    expect(await lookAt(capacity)).toMatchObject({ desired: 2, min: 1, max: 4 });
    expect((await capacity.raise({ from: 2, to: 5 }, orderAt(clock.wallMs()))).kind).toBe("refused");
    expect((await capacity.raise({ from: 2, to: 3 }, orderAt(clock.wallMs()))).kind).toBe("done");
    expect((await lookAt(capacity)).desired).toBe(3);
  });

  test("is the same one for every caller of a process, and none for a name that the file does not have", async () => {
    const capacityOf = open(await webhookActuator());
    expect(capacityOf("rpc")).toBe(capacityOf("rpc"));
    expect(() => capacityOf("archive")).toThrow(/group "archive" is not in the fleet file; it knows rpc/);
  });
});
