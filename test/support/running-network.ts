/** A fake network past its beginning: its role was established by the workflow itself, and has been signing for a while. */
import { expect } from "vitest";
import type { Incident } from "../../core/kernel/incident.ts";
import type { Lease } from "../../core/kernel/lease.ts";
import { FakeNetwork, ROLE } from "./fake-network.ts";
import { fleetOf } from "./fake-network-fleet.ts";
import { type Decide, walk } from "./workflow-driver.ts";

export async function runningNetwork(options: Parameters<typeof fleetOf>[0] = {}, approve?: Decide): Promise<FakeNetwork> {
  const network = new FakeNetwork(fleetOf(options));
  await network.clock.sleep(3_000);
  const started = await walk(network.world(), network.unheld("establish"), { execution: "arn:establish", ...(approve ? { decide: approve } : {}) });
  expect(started.last.decision).toBe("resolved");
  await network.clock.sleep(5_000);
  return network;
}

export async function leaseOf({ registry }: FakeNetwork): Promise<Lease> {
  const found = await registry.read("lease", ROLE);
  if (found.kind === "absent") throw new RangeError("no lease");
  return found.value;
}

export async function lastIncident({ registry }: FakeNetwork): Promise<Incident> {
  const [last] = await registry.list("incident", { limit: 1, newestFirst: true });
  if (!last) throw new RangeError("no incident");
  return last.value;
}
