/** What an agent tells of itself and its neighbours, and which handed-over state it takes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { takeCheckpoint } from "../../core/failover/stateful-failover/checkpoint.ts";
import { NodeId, RoleName } from "../../core/kernel/ids.ts";
import { agentRig, type Control, must, NODE, type Rig, ROLE } from "../support/agent-rig.ts";

let rig: Rig;
let control: Control;
beforeEach(async () => {
  rig = await agentRig();
  await rig.start();
  control = rig.control;
});
afterEach(() => rig.end());

describe("a moved role's state", () => {
  const checkpointOf = (facts: { epoch?: number; version?: number; raws?: string[] } = {}) =>
    takeCheckpoint({
      role: ROLE,
      node: NodeId.parse("n2"),
      epoch: facts.epoch ?? 1,
      version: facts.version ?? 1,
      watermark: 3,
      pending: (facts.raws ?? []).map((raw, nonce) => ({ sender: "0xa", nonce, raw })),
    });
  const adopt = async (checkpoint: ReturnType<typeof checkpointOf>, epoch = 2) =>
    await control.call<"adopt">({ kind: "adopt", nonce: (await control.report()).nonce, role: ROLE, epoch, checkpoint });

  test("is refused when its digest does not fit, when it is another role's, and when a newer one was adopted", async () => {
    const good = checkpointOf({ version: 5 });
    expect(await adopt({ ...good, body: { ...good.body, watermark: 4 } })).toMatchObject({ kind: "refused", code: "checkpoint-invalid" });
    expect(await adopt({ ...good, role: RoleName.parse("sequencer") })).toMatchObject({ kind: "refused", code: "checkpoint-invalid" });
    expect(must(await adopt(good))).toMatchObject({ kind: "adopted", version: 5 });
    expect(must(await adopt(good)), "the same again is no harm").toMatchObject({ kind: "adopted" });
    expect(await adopt(checkpointOf({ version: 4 }))).toMatchObject({ kind: "refused", code: "checkpoint-invalid" });
  });

  test("is refused under an epoch that was fenced", async () => {
    must(await control.fence(2));
    expect(await adopt(checkpointOf(), 2)).toMatchObject({ kind: "refused", code: "stale-epoch" });
  });
});

describe("the report", () => {
  let other: Rig;
  beforeAll(async () => {
    other = await agentRig();
  });
  afterAll(() => other.end());

  test("tells of the node beside, the peers and the host, and looks at named peers at once", async () => {
    const hash = (letter: string) => `0x${letter.repeat(64)}`;
    const block = (height: number, letter: string) => ({
      height,
      hash: hash(letter),
      parentHash: hash("0"),
      timestampS: 1,
      signer: `0x${"1".repeat(40)}`,
    });
    let peerLooks = 0;
    other.world.probe = async (node) => {
      if (node.id !== NODE) peerLooks += 1;
      const answered = {
        kind: "answered",
        latencyMs: 1,
        chainId: 31_337,
        genesisHash: hash("0"),
        finalized: null,
        peers: 1,
        syncing: false,
      } as const;
      return node.id === NODE
        ? { ...answered, head: block(7, "a"), reference: null }
        : { ...answered, head: block(8, "c"), reference: { height: 7, hash: hash("b") } };
    };
    await other.start();
    const first = await other.control.report();
    expect(first.self).toMatchObject({ kind: "answering", head: 7, headHash: hash("a") });
    expect(first.peers).toMatchObject([{ node: "n2", reachable: true, head: 8, agrees: false, unreachableForMs: 0 }]);
    expect(first.host.memoryShare === null || first.host.memoryShare > 0).toBe(true);
    const looks = peerLooks;
    other.clock.pass(400);
    other.world.probe = async () => ({ kind: "refused", latencyMs: 1, reason: "nothing listens" });
    const { report } = must(await other.control.call<"report">({ kind: "report", probe: [NodeId.parse("n2")] }));
    expect(looks).toBeGreaterThan(0);
    expect(report.peers).toMatchObject([{ node: "n2", reachable: false }]);
  });
});
