/** The state that moves with a role: laws of the pure part, and its way from one real node's pool into another's. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type NodeRpc, nodeRpc } from "../../agent/rpc.ts";
import {
  bodyDigest,
  CHECKPOINT_BYTES_MAX,
  CHECKPOINT_TRANSACTIONS_MAX,
  canonicalJson,
  judgeCheckpoint,
  takeCheckpoint,
} from "../../core/failover/stateful-failover/checkpoint.ts";
import { Checkpoint, Sealed } from "../../core/kernel/agent-protocol.ts";
import { NodeId } from "../../core/kernel/ids.ts";
import { freePort } from "../../localstack/emulator/port.ts";
import { agentRig, must, type Rig, ROLE } from "../support/agent-rig.ts";

const pendingOf = fc.array(
  fc.record({
    sender: fc.constantFrom("0xa", "0xb", "0xc"),
    nonce: fc.nat(50),
    raw: fc.integer({ min: 1, max: 60_000 }).map((bytes) => `0x${"ab".repeat(bytes)}`),
  }),
  { maxLength: 30 },
);
const take = (pending: readonly { sender: string; nonce: number; raw: string }[], version = 1, epoch = 1) =>
  takeCheckpoint({ role: ROLE, node: NodeId.parse("n1"), epoch, version, watermark: 7, pending });

describe("a checkpoint", () => {
  test("fits its limits, counts what it left out, and carries no transaction without those before it", () => {
    fc.assert(
      fc.property(pendingOf, (found) => {
        // A sender has one transaction a nonce; each raw text is made unique so that it can be told apart.
        const pending = [...new Map(found.map((one) => [`${one.sender}/${one.nonce}`, one])).values()].map((one, index) => ({
          ...one,
          raw: `${one.raw}${index.toString(16).padStart(4, "0")}`,
        }));
        const { body } = take(pending);
        expect(body.pendingTransactions.length + body.droppedCount).toBe(pending.length);
        expect(canonicalJson(body).length).toBeLessThanOrEqual(CHECKPOINT_BYTES_MAX + 200);
        const carried = new Set(body.pendingTransactions);
        for (const one of pending.filter(({ raw }) => carried.has(raw))) {
          const before = pending.filter((other) => other.sender === one.sender && other.nonce < one.nonce);
          expect(before.every(({ raw }) => carried.has(raw))).toBe(true);
          for (const other of before) expect(body.pendingTransactions.indexOf(other.raw)).toBeLessThan(body.pendingTransactions.indexOf(one.raw));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("of the largest size still fits a sealed envelope", () => {
    const raw = (index: number) => `0x${index.toString(16).padStart(8, "0").repeat(25)}`;
    const largest = take(Array.from({ length: CHECKPOINT_TRANSACTIONS_MAX }, (_, nonce) => ({ sender: "0xa", nonce, raw: raw(nonce) })));
    expect(largest.body.droppedCount).toBeGreaterThan(0);
    expect(Checkpoint.safeParse(largest).success).toBe(true);
    const payload = Buffer.from(JSON.stringify({ kind: "fenced", checkpoint: largest })).toString("base64url");
    expect(Sealed.safeParse({ payload, signature: "A" }).success).toBe(true);
  });

  test("is adopted as it was taken; with any part of its body changed, or older than the last, it is refused", () => {
    fc.assert(
      fc.property(pendingOf, fc.nat(5), fc.nat(5), fc.integer({ min: 0, max: 1_000 }), (pending, version, adoptedVersion, watermark) => {
        const checkpoint = take(pending, version);
        const adopted = { epoch: 1, version: adoptedVersion };
        expect(judgeCheckpoint(checkpoint, { role: ROLE, adopted }).kind).toBe(version < adoptedVersion ? "refused" : "adopt");
        expect(judgeCheckpoint(take(pending, 0, 2), { role: ROLE, adopted }).kind, "a later epoch is newer whatever its version").toBe("adopt");
        const changed = { ...checkpoint, body: { ...checkpoint.body, watermark } };
        expect(judgeCheckpoint(changed, { role: ROLE, adopted: null }).kind).toBe(watermark === 7 ? "adopt" : "refused");
      }),
      { numRuns: 60 },
    );
  });

  test("has a digest that does not depend on the order in which fields were written", () => {
    const { body } = take([]);
    const { watermark, pendingTransactions, droppedCount } = body;
    expect(bodyDigest({ droppedCount, pendingTransactions, watermark })).toBe(bodyDigest(body));
    expect(canonicalJson({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
  });
});

describe("between two real nodes", () => {
  /** In process groups of their own: npm's anvil is a launcher with the node itself as its child. */
  const anvils: ChildProcess[] = [];
  const kill = (anvil: ChildProcess | undefined) => {
    if (anvil?.pid !== undefined && anvil.exitCode === null && anvil.signalCode === null) process.kill(-anvil.pid, "SIGKILL");
  };
  let from: { rig: Rig; rpc: NodeRpc };
  let to: { rig: Rig; rpc: NodeRpc };

  async function host() {
    const port = await freePort();
    const anvil = spawn(join(import.meta.dirname, "../../node_modules/.bin/anvil"), ["--port", String(port), "--no-mining", "--silent"], {
      stdio: "ignore",
      detached: true,
    });
    anvils.push(anvil);
    const url = `http://127.0.0.1:${port}`;
    const rpc = nodeRpc(url);
    await vi.waitFor(
      async () => {
        const reply = await rpc.batch([{ method: "eth_chainId", params: [] }], { timeoutMs: 500, bytesMax: 1_000 });
        if (reply.kind !== "answered") throw new Error(reply.reason);
      },
      { timeout: 10_000 },
    );
    const rig = await agentRig({ rpc: url });
    await rig.start();
    return { rig, rpc };
  }
  beforeAll(async () => {
    from = await host();
    to = await host();
  });
  afterAll(async () => {
    await from?.rig.end();
    await to?.rig.end();
    for (const anvil of anvils) kill(anvil);
  });
  const one = async (rpc: NodeRpc, method: string, ...params: unknown[]) => {
    const reply = await rpc.batch([{ method, params }], { timeoutMs: 2_000, bytesMax: 1_000_000 });
    const [first] = reply.kind === "answered" ? reply.outcomes : [];
    if (first?.kind !== "result") throw new Error(`${method}: ${first?.message ?? "no answer"}`);
    return first.result;
  };

  test("what waits in the fenced holder's pool waits in the successor's, once, even if it is handed over twice", async () => {
    const [sender, other] = (await one(from.rpc, "eth_accounts")) as string[];
    for (const value of ["0x1", "0x2", "0x3"]) await one(from.rpc, "eth_sendTransaction", { from: sender, to: other, value });
    await one(from.rpc, "eth_sendTransaction", { from: other, to: sender, value: "0x4" });
    must(await from.rig.control.grant());
    expect(await from.rig.sign(5)).toMatchObject({ kind: "yes" });
    const { checkpoint, watermark } = must(await from.rig.control.fence(1));
    expect(watermark).toBe(5);
    expect(checkpoint?.body.pendingTransactions).toHaveLength(4);
    if (checkpoint === null) return;
    const { control } = to.rig;
    const adopt = async () =>
      must(await control.call<"adopt">({ kind: "adopt", nonce: (await control.report()).nonce, role: ROLE, epoch: 2, checkpoint }));
    expect(await adopt()).toMatchObject({ accepted: 4, known: 0, rejected: 0 });
    expect(await adopt()).toMatchObject({ accepted: 0, known: 4, rejected: 0 });
    expect(await one(to.rpc, "txpool_status")).toMatchObject({ pending: "0x4" });
  });

  test("the last state that was read outlives the node", async () => {
    must(await from.rig.control.grant({ epoch: 2 }));
    const before = must(await from.rig.control.call<"checkpoint">({ kind: "checkpoint", role: ROLE })).checkpoint;
    expect(before?.body.pendingTransactions).toHaveLength(4);
    kill(anvils[0]);
    const { checkpoint } = must(await from.rig.control.fence(2));
    expect(checkpoint?.body.pendingTransactions).toEqual(before?.body.pendingTransactions);
  });
});
