/** One node of the network in memory: what it is like to ask it, what its agent holds, what it has signed. */
import { emptyMemory, type Memory, neverHeld, type StoredRole } from "../../core/failover/stateful-failover/grant.ts";
import type { HostVitals } from "../../core/kernel/host-vitals.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { Boot } from "../../core/kernel/lease.ts";
import type { Block, Probe } from "../../core/kernel/node.ts";
import { CHAIN_ID, GENESIS_HASH, hashOf, ROLE, signerOf } from "./fake-fleet-file.ts";

export const LATENCY_MS = 5;

export type Manner = "up" | "refusing" | "hanging" | "malformed";
export type FakeNode = {
  readonly id: NodeId;
  readonly signer: string;
  manner: Manner;
  agent: "up" | "hanging";
  validator: "running" | "paused";
  /** Blocks neither come in nor go out; the agents of the others do not see it. */
  cutOff: boolean;
  chainId: number;
  /** Added to the height that it tells: a rogue. */
  boastedBlocks: number;
  latencyMs: number;
  branch: string;
  chain: Block[];
  movedAtMs: number;
  downSinceMs: number;
  boot: Boot;
  stored: StoredRole;
  memory: Memory;
  askedAtMs: number | null;
  /** What its agent measures. */
  host: HostVitals;
  readonly demoted: number[];
};

export function newFakeNode(id: NodeId, genesis: Block, nowMs: number): FakeNode {
  return {
    id,
    signer: signerOf(id),
    manner: "up",
    agent: "up",
    validator: "running",
    cutOff: false,
    chainId: CHAIN_ID,
    boastedBlocks: 0,
    latencyMs: LATENCY_MS,
    branch: "main",
    chain: [genesis],
    movedAtMs: nowMs,
    downSinceMs: nowMs,
    boot: { bootId: `${id}-boot-1`, storeCounter: 1 },
    stored: neverHeld(ROLE),
    memory: emptyMemory,
    askedAtMs: null,
    host: { cpuShare: null, memoryShare: null, diskFreeBytes: null, diskFreeShare: null, openFiles: null, clockOffsetMs: null, node: null },
    demoted: [],
  };
}

/** A block on top of this node's own, signed by it. */
export function nextBlock(node: FakeNode, timestampS: number): Block {
  const parent = node.chain.at(-1);
  if (!parent) throw new Error(`${node.id} has a chain without a genesis`);
  const height = parent.height + 1;
  return { height, hash: hashOf(node.branch, height), parentHash: parent.hash, timestampS, signer: node.signer };
}

/** What a node that is not hanging answers to a probe. */
export function answerOf(node: FakeNode, referenceHeight: number | null): Probe {
  if (node.manner === "refusing") return { kind: "refused", latencyMs: 1, reason: "ECONNREFUSED" };
  if (node.manner === "malformed") return { kind: "malformed", latencyMs: 1, reason: "not JSON: <html>" };
  const tip = node.chain.at(-1);
  if (!tip) throw new Error(`${node.id} has a chain without a genesis`);
  const at = referenceHeight === null ? undefined : node.chain[referenceHeight];
  return {
    kind: "answered",
    latencyMs: node.latencyMs,
    chainId: node.chainId,
    genesisHash: GENESIS_HASH,
    head: { ...tip, height: tip.height + node.boastedBlocks },
    finalized: null,
    peers: 3,
    syncing: false,
    reference: at ? { height: at.height, hash: at.hash } : null,
  };
}
