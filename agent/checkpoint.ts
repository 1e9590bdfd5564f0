/**
 * Takes and adopts the state that moves with a role. Taking reads the pool of the node beside the agent; when that node
 * answers no more, the last that was read goes along with the newest watermark. Adopting gives the transactions to the node
 * again and counts what became of them: a transaction is named by its hash, so giving it twice does no harm.
 */
import * as z from "zod";
import { type Pending, takeCheckpoint } from "../core/failover/stateful-failover/checkpoint.ts";
import type { Checkpoint } from "../core/kernel/agent-protocol.ts";
import type { NodeId, RoleName } from "../core/kernel/ids.ts";
import type { Gate } from "./gate.ts";
import type { NodeRpc } from "./rpc.ts";

/** A pool of 5,000 transactions in full is some 5 MB; a fence waits for it, so both limits are tight. */
const POOL_BYTES_MAX = 16 * 1024 * 1024;
const POOL_TIMEOUT_MS = 400;
const RAW_TIMEOUT_MS = 800;
/** Raw bytes are immutable, so each is fetched once; at most this many at a time. */
const RAW_BATCH_MAX = 1_000;
const SUBMIT_BATCH_MAX = 100;
const SUBMIT_TIMEOUT_MS = 2_000;
/** Versions of one boot start above any of the boot before, as the store's counter grows with each start and each signed slot. */
const VERSIONS_PER_WRITE = 1_000;

const Quantity = z.string().regex(/^0x[0-9a-f]{1,16}$/);
const Transaction = z.object({ hash: z.string().regex(/^0x[0-9a-f]{64}$/), nonce: Quantity });
const Pool = z.object({ pending: z.record(z.string(), z.record(z.string(), Transaction)) });
const Raw = z.string().regex(/^0x[0-9a-f]+$/);
/** What clients say of a transaction that they have already: geth, anvil, reth, nethermind, besu. */
const KNOWN = /already known|already imported|already exists|known transaction|alreadyknown/i;

export type Checkpoints = ReturnType<typeof checkpoints>;

export function checkpoints(options: { node: NodeId; rpc: NodeRpc; gate: Gate }) {
  const { node, rpc, gate } = options;
  let pending: readonly Pending[] = [];
  let raws = new Map<string, string>();
  let reading: Promise<void> | undefined;
  const latest = new Map<string, Checkpoint>();

  async function readPool(): Promise<void> {
    const reply = await rpc.batch([{ method: "txpool_content", params: [] }], { timeoutMs: POOL_TIMEOUT_MS, bytesMax: POOL_BYTES_MAX });
    const [first] = reply.kind === "answered" ? reply.outcomes : [];
    const pool = first?.kind === "result" ? Pool.safeParse(first.result) : undefined;
    if (!pool?.success) return;
    const found = Object.entries(pool.data.pending).flatMap(([sender, own]) =>
      Object.values(own).map(({ hash, nonce }) => ({ sender: sender.toLowerCase(), nonce: Number.parseInt(nonce, 16), hash })),
    );
    await fetchRaws(found.map(({ hash }) => hash).filter((hash) => !raws.has(hash)));
    raws = new Map(found.flatMap(({ hash }) => (raws.has(hash) ? [[hash, raws.get(hash) ?? ""] as const] : [])));
    pending = found.flatMap(({ sender, nonce, hash }) => (raws.has(hash) ? [{ sender, nonce, raw: raws.get(hash) ?? "" }] : []));
  }

  async function fetchRaws(hashes: readonly string[]): Promise<void> {
    const wanted = hashes.slice(0, RAW_BATCH_MAX);
    if (wanted.length === 0) return;
    const calls = wanted.map((hash) => ({ method: "eth_getRawTransactionByHash", params: [hash] }));
    const reply = await rpc.batch(calls, { timeoutMs: RAW_TIMEOUT_MS, bytesMax: POOL_BYTES_MAX });
    if (reply.kind !== "answered") return;
    for (const [index, outcome] of reply.outcomes.entries()) {
      const hash = wanted[index];
      const raw = outcome.kind === "result" ? Raw.safeParse(outcome.result) : undefined;
      if (hash !== undefined && raw?.success) raws.set(hash, raw.data);
    }
  }

  /** The newest, or null where this agent never held the role. */
  function current(role: RoleName): Checkpoint | null {
    const { epoch, watermark } = gate.storedOf(role);
    if (epoch === 0) return null;
    const before = latest.get(role);
    const version = Math.max((before?.version ?? -1) + 1, gate.boot().storeCounter * VERSIONS_PER_WRITE);
    const taken = takeCheckpoint({ role, node, epoch, version, watermark, pending });
    if (before !== undefined && before.epoch === epoch && before.sha256 === taken.sha256) return before;
    latest.set(role, taken);
    return taken;
  }

  return {
    current,
    /** Reads the pool again first; bounded, and one reading at a time. */
    async take(role: RoleName): Promise<Checkpoint | null> {
      reading ??= readPool().finally(() => {
        reading = undefined;
      });
      await reading;
      return current(role);
    },
    adopt: (checkpoint: Checkpoint) => resubmit(rpc, checkpoint.body.pendingTransactions),
  };
}

async function resubmit(rpc: NodeRpc, transactions: readonly string[]): Promise<{ accepted: number; known: number; rejected: number }> {
  const counts = { accepted: 0, known: 0, rejected: 0 };
  for (let at = 0; at < transactions.length; at += SUBMIT_BATCH_MAX) {
    const slice = transactions.slice(at, at + SUBMIT_BATCH_MAX);
    const calls = slice.map((raw) => ({ method: "eth_sendRawTransaction", params: [raw] }));
    const reply = await rpc.batch(calls, { timeoutMs: SUBMIT_TIMEOUT_MS, bytesMax: 1024 * 1024 });
    if (reply.kind === "failed") {
      counts.rejected += transactions.length - at;
      return counts;
    }
    for (const outcome of reply.outcomes) {
      if (outcome.kind === "result") counts.accepted += 1;
      else if (KNOWN.test(outcome.message)) counts.known += 1;
      else counts.rejected += 1;
    }
  }
  return counts;
}
