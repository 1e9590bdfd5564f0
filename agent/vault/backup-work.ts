/**
 * A backup of the directory beside this agent. The node is asked before the directory stands still for the block that the network calls
 * final, so the manifest names a block that the directory certainly holds and that is not this node's word alone; what it holds beyond
 * that, a drill finds when it boots it.
 */
import { availableParallelism } from "node:os";
import { systemClock } from "../../adapters/clock-system.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { evmLedger } from "../../adapters/ledger-evm.ts";
import { publicKeyOf, signingKeyFrom } from "../../adapters/signature-ed25519.ts";
import { backupDirectory } from "../../adapters/vault/backup-directory.ts";
import { labourOnThreads } from "../../adapters/vault/labour-threads.ts";
import { ChainPoint, SourceName, Writer } from "../../core/backup/vault/manifest.ts";
import { InputInvalid, Permanent, Transient } from "../../core/kernel/errors.ts";
import { Hash, NodeId } from "../../core/kernel/ids.ts";
import type { JobResult, JobWork } from "../../core/kernel/vault-job.ts";
import { nodeRpc } from "../rpc.ts";
import type { JobBeginning } from "./job-messages.ts";
import type { JobTools } from "./job-tools.ts";
import type { Standstill } from "./vault-config.ts";

const RPC_MS = 5_000;
const RPC_BYTES_MAX = 1024 * 1024;
const SHOWN_MAX = 20;
const CONSISTENCY = { hook: "hook", snapshot: "snapshot", stop: "stopped-standby" } as const satisfies Record<Standstill["kind"], string>;

export class NodeSilent extends Transient {
  override readonly name = "NodeSilent";
  constructor(facts: { reason: string }) {
    super(`the node beside the agent does not say which block is final, so no backup of it can be named: ${facts.reason}`);
  }
}

export class NodeForked extends Permanent {
  override readonly name = "NodeForked";
  constructor(facts: { height: number; own: string; network: string }) {
    super(`the node beside the agent has ${facts.own} as block ${facts.height}, most of the network has ${facts.network}: it is not backed up`);
  }
}

type Order = Extract<JobWork, { kind: "backup" }>;

export async function backUp(beginning: JobBeginning, order: Order, tools: JobTools): Promise<JobResult> {
  const { node, vault: config } = beginning;
  const { progress, signal, stores, vault } = tools;
  const { directory } = config;
  const [store] = stores;
  if (directory === undefined || store === undefined)
    throw new InputInvalid({ where: "this agent's configuration", faults: ["vault.directory is not there"] });
  const privateKey = signingKeyFrom(beginning.seed);
  const own = [publicKeyOf(privateKey)];
  const chain = await chainPoint(beginning.rpc, order);
  const labour = labourOnThreads(vault.keyring, config.threads ?? Math.max(1, Math.floor(availableParallelism() / 2)));
  const clock = systemClock();
  progress.doing = "waiting for the directory to stand still";
  await tools.standStill();
  const stillSinceMs = clock.monotonicMs();
  let stoodStillMs = 0;
  progress.doing = "reading and storing";
  try {
    const { manifest, skipped, faults } = await backupDirectory(
      {
        store,
        vault,
        labour,
        clock,
        entropy: systemEntropy(),
        privateKey,
        trust: (writer) => (writer === node ? [...own, ...order.signers] : []),
        signal,
        onRead: () => {
          stoodStillMs = clock.monotonicMs() - stillSinceMs;
          tools.wasRead();
        },
        onFile: ({ lengthBytes }) => {
          progress.files += 1;
          progress.bytes += lengthBytes;
        },
      },
      {
        folder: directory.path,
        source: SourceName.parse(`${node}.directory`),
        writer: Writer.parse(node),
        node: NodeId.parse(node),
        consistency: CONSISTENCY[directory.standstill.kind],
        chain,
        fullReread: order.fullReread,
        newestKnown: order.newestKnown,
        verified: order.verified.map(({ writer, name, sizeBytes }) => ({ writer: Writer.parse(writer), name, sizeBytes })),
        program: "synnergy-ha agent",
      },
    );
    const { counts } = manifest;
    return {
      kind: "backup",
      source: manifest.source,
      sequence: manifest.sequence,
      writtenAtMs: manifest.writtenAtMs,
      height: chain.height,
      blockHash: chain.blockHash,
      sourceBytes: counts.sourceBytes,
      readBytes: counts.readBytes,
      storedBytes: counts.storedBytes,
      files: counts.files,
      stoodStillMs,
      skipped: skipped.slice(0, SHOWN_MAX).map(({ path, detail }) => `${path}: ${detail}`.slice(0, 500)),
      skippedCount: skipped.length,
      faults: faults.slice(0, SHOWN_MAX).map(({ message }) => message.slice(0, 1_000)),
    };
  } finally {
    tools.wasRead();
    await labour.close();
  }
}

async function finalOf(rpc: string, { finality, network }: Order): Promise<{ chainId: number; height: number; hash: string }> {
  const ledger = evmLedger({ url: rpc, finality });
  try {
    const final = await ledger.finalBlock({ timeoutMs: RPC_MS });
    if (final.kind !== "final") throw new NodeSilent({ reason: final.reason });
    const { chainId, finalized } = final;
    if (network === null) return { chainId, ...finalized };
    const { height, blockHash } = network;
    const told = await ledger.hashesAt([height], { timeoutMs: RPC_MS });
    if (told.kind !== "hashes") throw new NodeSilent({ reason: told.reason });
    const own = told.hashes.get(height);
    if (own === undefined) throw new NodeSilent({ reason: `it has not reached ${height}, which the network calls final` });
    if (own !== blockHash) throw new NodeForked({ height, own, network: blockHash });
    return { chainId, height, hash: own };
  } finally {
    ledger.close();
  }
}

async function chainPoint(rpc: string, order: Order): Promise<ChainPoint> {
  const { genesisHash, client } = order;
  const { chainId, height, hash } = await finalOf(rpc, order);
  const asked = await nodeRpc(rpc).batch(
    [
      { method: "eth_getBlockByHash", params: [hash, false] },
      { method: "web3_clientVersion", params: [] },
    ],
    { timeoutMs: RPC_MS, bytesMax: RPC_BYTES_MAX },
  );
  if (asked.kind === "failed") throw new NodeSilent({ reason: asked.reason });
  const [block, version] = asked.outcomes;
  const root =
    block?.kind === "result" && typeof block.result === "object" && block.result !== null && "stateRoot" in block.result
      ? block.result.stateRoot
      : null;
  return ChainPoint.parse({
    protocol: "evm",
    chainId,
    genesisHash,
    height,
    blockHash: hash,
    stateRoot: Hash.safeParse(root).data ?? null,
    client,
    clientVersion: version?.kind === "result" && typeof version.result === "string" ? version.result.slice(0, 200) : "",
  });
}
