/** What the network's live nodes say of themselves, all asked at once: the ones that answer are who a restored node is held against. */
import { evmLedger } from "../../../adapters/ledger-evm.ts";
import { headOf, type LiveNode } from "../../../core/backup/restore-drill/judgement.ts";
import { endpointFor } from "../../../core/kernel/endpoint.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { type Answering, answeringNodes } from "../answering.ts";

const ASK_MS = 3_000;

export type Live = LiveNode & { readonly headTimestampS: number };

export async function liveNodes(world: World, heights: readonly number[]): Promise<Live[]> {
  return await withHashes(world, await answeringNodes(world, ASK_MS), heights);
}

/** The same, of nodes that have just answered. */
export async function withHashes(world: World, answering: readonly Answering[], heights: readonly number[]): Promise<Live[]> {
  const asked = await Promise.all(answering.map((one) => ask(world, one, heights)));
  return asked.filter((one) => one !== null);
}

/** The network's head, by what most of it vouches for; when it was made, by the middle word of those who have it. */
export function networkHead(live: readonly Live[]): { height: number; timestampS: number } | null {
  if (live.length === 0) return null;
  const height = headOf(live);
  const made = live.flatMap(({ head, headTimestampS }) => (head === height ? [headTimestampS] : [])).toSorted((left, right) => left - right);
  return { height, timestampS: made[Math.floor(made.length / 2)] ?? 0 };
}

async function ask({ region }: World, { node, probe }: Answering, heights: readonly number[]): Promise<Live | null> {
  const url = endpointFor(node.rpc, region);
  if (url === undefined) return null;
  const ledger = evmLedger({ url });
  const told = await ledger.hashesAt(heights, { timeoutMs: ASK_MS }).finally(() => ledger.close());
  const { chainId, genesisHash, head } = probe;
  return {
    node: node.id,
    chainId,
    genesisHash,
    head: head.height,
    headTimestampS: head.timestampS,
    hashAt: told.kind === "hashes" ? told.hashes : new Map(),
  };
}
