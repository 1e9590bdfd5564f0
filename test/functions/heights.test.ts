/** A chain that signs heights has no bound but what was seen: so what was seen is looked at when the wait is over, not before it. */
import { expect, it } from "vitest";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { Block } from "../../core/kernel/node.ts";
import type { World } from "../../core/kernel/ports.ts";
import { UNBOUNDED_SLOT } from "../../core/kernel/slots.ts";
import { FakeNetwork, ROLE } from "../support/fake-network.ts";
import { walk } from "../support/workflow-driver.ts";

it("starts the successor above every block that the old holder made while its lease was waited out", async () => {
  const network = new FakeNetwork();
  network.setHost("n1", "up", "gone");
  const plain = network.world();
  const signer = network.agent("n1").node.signer ?? "";
  const beganMs = network.nowMs;
  const heightNow = () => 100 + Math.floor((network.nowMs - beganMs) / 1_000);
  const newest = (): Block => ({ height: heightNow(), hash: "0x1", parentHash: "0x0", timestampS: 0, signer });
  const fleet = { ...network.fleet, chain: { ...network.fleet.chain, slots: { kind: "height" as const } } };
  const world: World = { ...plain, fleet, nodes: { ...plain.nodes, recentBlocks: async () => [newest()] } };
  const lease = {
    role: ROLE,
    holder: "n1" as NodeId,
    epoch: 1,
    renewal: 7,
    leaseMs: 10_000,
    fromSlot: 0,
    throughSlot: UNBOUNDED_SLOT,
    state: "held" as const,
    boot: { bootId: "boot-of-n1", storeCounter: 1 },
    revocation: null,
    registry: "table",
    takenAtMs: beganMs,
  };
  await network.registry.write("lease", ROLE, lease, "any");
  const { steps } = await walk(world, { fleet: "testing", role: ROLE, kind: "failover" }, { execution: "arn:heights", stopAfter: 4 });
  expect(steps).toContain("TakeLease");
  const taken = await network.registry.read("lease", ROLE);
  expect(taken).toMatchObject({ value: { epoch: 2 } });
  expect(taken.kind === "found" && taken.value.fromSlot).toBeGreaterThanOrEqual(100 + 10);
});
