/** Orders over the webhook really start, replace and end nodes, and a unit has the network's chain before it is told to serve. */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localAuthority } from "../../adapters/authority-kms.ts";
import { webhookCapacity } from "../../adapters/capacity-webhook.ts";
import { systemClock } from "../../adapters/clock-system.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import type { CapacityOrder, Unit } from "../../core/kernel/capacity.ts";
import type { Capacity } from "../../core/kernel/service-ports.ts";
import { type CapacityHost, openCapacityHost } from "../../localstack/rehearsal/capacity-host.ts";
import { jsonRpcTo, until, useNetwork } from "./network-rig.ts";

const rig = useNetwork({ hosts: false, genesisAgeS: 3_600 });
const PLACE = { fleet: "rehearsal", group: "rpc" };
const BLOCKS = 20;
const control = generateKeyPairSync("ec", { namedCurve: "P-256" });
let host: CapacityHost;
let capacity: Capacity & { close(): void };
let serial = 0;

beforeAll(async () => {
  host = await openCapacityHost({ ...PLACE, port: 0, capacity: rig.network.units.capacity });
  const authority = localAuthority({ fleet: PLACE.fleet, clock: systemClock(), privateKey: control.privateKey });
  capacity = webhookCapacity({ ...PLACE, ...host.actuator, authority, entropy: systemEntropy() });
});
afterAll(async () => {
  capacity.close();
  await host.close();
});

function order(): CapacityOrder {
  serial += 1;
  return { reason: "as a test wants it", token: `units-test-${serial}`, notAfterMs: Date.now() + 60_000 };
}
async function units(): Promise<readonly Unit[]> {
  const look = await capacity.look();
  if (look.kind !== "seen") throw new Error(look.reason);
  return look.units;
}
const addressOf = (id: string) => rig.network.units.addresses().find((unit) => unit.id === id);
const headOf = async (id: string): Promise<string> =>
  ((await jsonRpcTo(addressOf(id)?.rpcUrl ?? "", "eth_getBlockByNumber", ["latest", false])) as { hash: string }).hash;
const hasTheNetworksHead = (id: string) => until(`${id} has caught up`, async () => (await headOf(id)) === (await rig.head("n1")).hash);
const isGone = (url: string) =>
  until("nobody answers there", () =>
    jsonRpcTo(url, "eth_blockNumber", []).then(
      () => false,
      () => true,
    ),
  );

test("nobody is obeyed before the control plane's key is pinned", async () => {
  expect((await capacity.raise({ from: 0, to: 1 }, order())).kind).toBe("unreachable");
  host.pin([control.publicKey.export({ format: "der", type: "spki" }).toString("base64")]);
  expect(await units()).toEqual([]);
});

test("a node is started empty, takes the network's chain over, and serves only when it was told so", async () => {
  const { coinbase } = rig.network.nodes[0] ?? { coinbase: "" };
  for (let slot = 1; slot <= BLOCKS; slot += 1) await rig.network.gossip.build("n1", slot, coinbase);
  expect((await capacity.raise({ from: 0, to: 2 }, order())).kind).toBe("done");
  const [first, second] = await units();
  expect([first?.state, second?.state]).toEqual(["starting", "starting"]);
  await hasTheNetworksHead(first?.id ?? "");
  expect((await capacity.complete(first?.id ?? "", "serves", order())).kind).toBe("done");
  expect((await units()).map(({ state }) => state)).toEqual(["ready", "starting"]);
  await rig.network.gossip.build("n1", BLOCKS + 1, coinbase);
  await hasTheNetworksHead(first?.id ?? "");
});

test("a node that is abandoned, and one that dies, are replaced by others", async () => {
  const [ready, starting] = await units();
  expect((await capacity.complete(starting?.id ?? "", "abandoned", order())).kind).toBe("done");
  const killed = rig.network.snapshot().processes.find(({ name }) => name === ready?.id);
  process.kill(killed?.pid ?? 0, "SIGKILL");
  const now = await until("two others run", async () => {
    const found = await units();
    return found.length === 2 && found.every(({ id, state }) => state === "starting" && id !== ready?.id && id !== starting?.id) && found;
  });
  for (const { id } of now) await hasTheNetworksHead(id);
});

test("the node that is named is ended, its process with it, and the other stays", async () => {
  const [named, other] = await units();
  const url = addressOf(named?.id ?? "")?.rpcUrl ?? "";
  expect((await capacity.remove(named?.id ?? "", order())).kind).toBe("done");
  await isGone(url);
  await until("the other is left", async () => (await units()).map(({ id }) => id).join() === other?.id);
  expect(rig.network.snapshot().processes.map(({ name }) => name)).not.toContain(named?.id);
  await hasTheNetworksHead(other?.id ?? "");
});

test("a drill's scratch node goes on from the state that it was given, and follows as a unit does", async () => {
  const node = rig.network.nodes.find(({ id }) => id === "n2");
  if (node === undefined) throw new Error("there is no n2");
  const folder = mkdtempSync(join(tmpdir(), "synnergy-scratch-"));
  const scratchUrl = `http://127.0.0.1:${node.scratchPort}`;
  try {
    const dump = resolve(import.meta.dirname, "../../localstack/hooks/dump-state.ts");
    await promisify(execFile)(process.execPath, [dump, String(node.rpcPort), folder]);
    await rig.network.gossip.build("n1", BLOCKS + 2, rig.network.nodes[0]?.coinbase ?? "");
    await rig.network.scratch.boot("n2", folder);
    await until("the scratch node has caught up", async () => {
      const { hash } = (await jsonRpcTo(scratchUrl, "eth_getBlockByNumber", ["latest", false])) as { hash: string };
      return hash === (await rig.head("n1")).hash;
    });
    await rig.network.scratch.end("n2");
    await isGone(scratchUrl);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
