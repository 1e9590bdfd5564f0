/** Validators sign what their sign door allows and nothing else; faults reach whole hosts; a second terminal can make them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Auditor, openAuditor } from "../../localstack/auditor/auditor.ts";
import type { LeaseSighting } from "../../localstack/auditor/lease-terms.ts";
import { controlClient, serveControl } from "../../localstack/network/control.ts";
import { until, useNetwork } from "./network-rig.ts";

const rig = useNetwork({ hosts: true });
const IDS = ["n1", "n2", "n3", "n4"] as const;
const NOTHING = { fromSlot: 0, throughSlot: -1 };
const FINAL = { reorganisationBlocksMax: 3, final: true };
let auditor: Auditor;
/** What a registry would say: the auditor is handed this, as it would be a real one's answers. */
let lease: LeaseSighting | null = null;

beforeAll(() => {
  const { nodes, genesisTime } = rig.network;
  auditor = openAuditor({ nodes, genesisTime, readLease: async () => lease, readIncidents: async () => [] });
});
afterAll(() => auditor.close());

/** Gives the role to one node under the next epoch: above every slot granted before, or, once the old holder is `fenced`, at once. */
async function give(id: string, slots: number, how: "waited-out" | "fenced" = "waited-out"): Promise<{ fromSlot: number; throughSlot: number }> {
  if (how === "fenced" && lease !== null) await rig.hold(lease.holder, NOTHING);
  const highest = lease?.throughSlot ?? 0;
  const fromSlot = how === "fenced" ? rig.slotNow() + 1 : Math.max(rig.slotNow(), highest) + 1;
  const throughSlot = fromSlot + slots - 1;
  lease = { epoch: (lease?.epoch ?? 0) + 1, holder: id, fromSlot, throughSlot: Math.max(throughSlot, highest) };
  await rig.hold(id, { fromSlot, throughSlot });
  return { fromSlot, throughSlot };
}
const signedBy = (id: string) => until(`${id} signs`, async () => auditor.tip()?.node === id && (auditor.tip()?.slot ?? 0) >= (lease?.fromSlot ?? 0));
const allAgree = () =>
  until("all nodes agree", async () => {
    const heads = await Promise.all(IDS.map(rig.head));
    return heads.every((head) => head.hash === heads[0]?.hash && head.number > 0);
  });

test("nobody signs without a yes, and a holder signs each of its slots, alone, until they end", async () => {
  const { fromSlot, throughSlot } = await give("n1", 3);
  await until("the range is over", async () => rig.slotNow() > throughSlot + 1);
  await allAgree();
  const report = await auditor.report(FINAL);
  expect(report.violations).toEqual([]);
  expect(report.signedBy).toEqual({ n1: 3 });
  expect(auditor.tip()).toMatchObject({ node: "n1", slot: throughSlot, height: 3 });
  expect(fromSlot).toBe(throughSlot - 2);
});

test("a host that freezes and wakes signs no slot of another's, and its node comes back to the others' branch", async () => {
  await give("n1", 2);
  await signedBy("n1");
  await rig.network.fault("freeze", "n1");
  await give("n2", 300);
  await signedBy("n2");
  await rig.network.fault("wake", "n1");
  await allAgree();
  expect((await auditor.report(FINAL)).violations).toEqual([]);
});

test("two sign doors that both say yes are found out by the auditor, by slot and by holder", async () => {
  const { fromSlot, throughSlot } = await give("n3", 300, "fenced");
  await rig.network.fault("partition-node", "n4");
  await rig.hold("n4", { fromSlot, throughSlot });
  const report = await until("both have signed one slot", async () => {
    const found = await auditor.report(FINAL);
    return found.violations.some(({ law }) => law === "one-signer") && found;
  });
  expect(new Set(report.violations.map(({ law }) => law))).toEqual(new Set(["one-signer", "holder-signs"]));
  await Promise.all([rig.hold("n3", NOTHING), rig.hold("n4", NOTHING)]);
  await rig.network.fault("heal");
  await allAgree();
});

test("a second terminal makes faults with the token from the state file, and nobody does without", async () => {
  const control = await serveControl({ port: 0, faults: rig.network.faults, network: rig.network.snapshot, scratch: rig.network.scratch });
  try {
    const client = controlClient(control.access);
    expect(await client.fault("kill-host", "n4")).toMatchObject({ kind: "done", undo: "restart-host" });
    const dead = (await client.network()) as { processes: { name: string; state: string }[] };
    expect(
      dead.processes
        .filter(({ state }) => state === "dead")
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["a4", "n4", "v4"]);
    expect(await client.fault("kill-node", "n7")).toMatchObject({ kind: "refused" });
    expect((await client.faults()).map(({ name }) => name)).toContain("region-down");
    expect(await client.fault("heal")).toMatchObject({ kind: "done" });
    await allAgree();
    expect(await controlClient({ ...control.access, token: "not the token, only as long" }).fault("halt")).toMatchObject({ kind: "refused" });
  } finally {
    await control.close();
  }
  expect(rig.network.snapshot().processes.every(({ state }) => state === "running")).toBe(true);
});

test("halted validators let no block through, and go on afterwards", async () => {
  await give("n1", 600, "fenced");
  await signedBy("n1");
  await rig.network.fault("halt");
  const { slot } = auditor.tip() ?? { slot: 0 };
  await until("two slots pass", async () => rig.slotNow() > slot + 2);
  // One that had its yes before the halt may be among them; none after it.
  expect((auditor.tip()?.slot ?? 0) - slot).toBeLessThanOrEqual(1);
  await rig.network.fault("resume");
  await until("blocks again", async () => (auditor.tip()?.slot ?? 0) > slot + 2);
});
