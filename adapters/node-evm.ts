/**
 * The Nodes port for EVM chains. A probe is one batched JSON-RPC request; whatever comes back, in whatever shape, becomes one
 * of the port's answers. Genesis is asked once and again every half minute or so, and after any failure, since a node that
 * was away may have come back as another one.
 */
import { endpointFor } from "../core/kernel/endpoint.ts";
import type { Fleet, FleetNode } from "../core/kernel/fleet.ts";
import type { Answered, Block, Probe } from "../core/kernel/node.ts";
import type { Nodes } from "../core/kernel/ports.ts";
import { PROBE_BYTES_MAX } from "../core/kernel/settings.ts";
import { batchBody, type Call, readBatch, readBlock, readBlockRef, readQuantity, readSyncing } from "./node-evm-reply.ts";
import { type NodeConnection, nodeConnection, type PostLimits } from "./node-evm-request.ts";

/** Probes between two looks at the genesis block, which costs a block's bytes each time. */
const GENESIS_EVERY = 30;
/** Headers come with their transactions' hashes: 64 full blocks of a busy chain stay below 2 MiB. */
const BLOCKS_BYTES_MAX = 2 * 1024 * 1024;
const BLOCKS_MAX = 64;

type Options = {
  readonly region: string;
  /** With `depth`, what is final is counted from the head and the node's own `finalized` is not asked. */
  readonly finality?: Fleet["chain"]["finality"];
};

/** What is remembered of one address; nothing that a verdict rests on. */
type Known = { readonly connection: NodeConnection; genesis: string | null; probesSinceGenesis: number; headHeight: number | null };

export function evmNodes({ region, finality = { kind: "tag" } }: Options): Nodes & { close(): void } {
  const known = new Map<string, Known>();

  function knownAt(node: FleetNode): Known | null {
    const url = endpointFor(node.rpc, region);
    if (url === undefined) return null;
    const found = known.get(url) ?? { connection: nodeConnection(new URL(url)), genesis: null, probesSinceGenesis: 0, headHeight: null };
    known.set(url, found);
    return found;
  }

  async function probe(node: FleetNode, options: { referenceHeight: number | null; timeoutMs: number; signal?: AbortSignal }): Promise<Probe> {
    const at = knownAt(node);
    if (at === null) return { kind: "silent", latencyMs: 0, reason: `the fleet file gives ${region} no way to ${node.id}` };
    const genesis = at.probesSinceGenesis >= GENESIS_EVERY ? null : at.genesis;
    const finalizedAt = finality.kind === "tag" ? "finalized" : depthBelow(at.headHeight, finality.blocks);
    const questions = probeCalls(genesis === null, finalizedAt, options.referenceHeight);
    const posted = await at.connection.post(batchBody(questions.calls), limitsOf(options, PROBE_BYTES_MAX));
    const { latencyMs } = posted;
    const outcome = posted.kind === "body" ? readProbe(posted.text, questions, genesis, latencyMs) : posted;
    if (outcome.kind !== "answered") {
      at.genesis = null;
      return outcome;
    }
    at.probesSinceGenesis = genesis === null ? 0 : at.probesSinceGenesis + 1;
    at.genesis = outcome.genesisHash;
    at.headHeight = outcome.head.height;
    return outcome;
  }

  async function recentBlocks(node: FleetNode, options: { limit: number; timeoutMs: number; signal?: AbortSignal }): Promise<readonly Block[]> {
    const at = knownAt(node);
    if (at === null) return [];
    const startedMs = performance.now();
    const ask = async (calls: readonly Call[]): Promise<(Block | null)[]> => {
      const timeoutMs = Math.max(1, options.timeoutMs - (performance.now() - startedMs));
      const posted = await at.connection.post(batchBody(calls), limitsOf({ ...options, timeoutMs }, BLOCKS_BYTES_MAX));
      const replies = posted.kind === "body" ? readBatch(posted.text, calls.length) : posted;
      return replies.kind === "replies" ? calls.map((_, index) => readBlock(replies.of(index))) : [];
    };
    const [head] = await ask([blockCall("latest")]);
    if (!head) return [];
    const count = Math.min(Math.max(1, Math.trunc(options.limit)), BLOCKS_MAX, head.height + 1);
    const older = Array.from({ length: count - 1 }, (_, index) => blockCall(hex(head.height - 1 - index)));
    return older.length === 0 ? [head] : linked([head, ...(await ask(older))]);
  }

  return {
    probe,
    recentBlocks,
    close() {
      for (const { connection } of known.values()) connection.close();
      known.clear();
    },
  };
}

const hex = (height: number): string => `0x${height.toString(16)}`;
const blockCall = (tag: string): Call => ({ method: "eth_getBlockByNumber", params: [tag, false] });

function limitsOf({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }, bytesMax: number): PostLimits {
  return { timeoutMs, bytesMax, ...(signal === undefined ? {} : { signal }) };
}

/** Counted from the head of the probe before: a block late, and never too early. */
function depthBelow(headHeight: number | null, blocks: number): string | null {
  return headHeight === null || headHeight < blocks ? null : hex(headHeight - blocks);
}

type Questions = {
  readonly calls: readonly Call[];
  readonly genesis: number;
  readonly finalized: number;
  readonly reference: number;
  readonly referenceHeight: number | null;
};

/** The first four are always asked; the others have a place only where they are, and -1 where not. */
function probeCalls(askGenesis: boolean, finalizedAt: string | null, referenceHeight: number | null): Questions {
  const always = [
    { method: "eth_chainId", params: [] },
    blockCall("latest"),
    { method: "net_peerCount", params: [] },
    { method: "eth_syncing", params: [] },
  ];
  const calls: Call[] = [...always];
  const place = (tag: string | null): number => (tag === null ? -1 : calls.push(blockCall(tag)) - 1);
  const genesis = place(askGenesis ? "0x0" : null);
  const finalized = place(finalizedAt);
  const reference = place(referenceHeight === null ? null : hex(referenceHeight));
  return { calls, genesis, finalized, reference, referenceHeight };
}

function readProbe(text: string, questions: Questions, genesis: string | null, latencyMs: number): Answered | Exclude<Probe, Answered> {
  const malformed = (reason: string): Probe => ({ kind: "malformed", latencyMs, reason });
  const replies = readBatch(text, questions.calls.length);
  if (replies.kind === "malformed") return malformed(replies.reason);
  const chainId = readQuantity(replies.of(0));
  const head = readBlock(replies.of(1));
  if (chainId === null) return malformed("no chain id in the answer");
  if (head === null) return malformed("no head in the answer that could be a block");
  const genesisHash = genesis ?? readBlockRef(replies.of(questions.genesis))?.hash;
  if (genesisHash === undefined) return malformed("no genesis block in the answer");
  const reference = readBlockRef(replies.of(questions.reference));
  if (reference && reference.height !== questions.referenceHeight)
    return malformed(`asked for height ${questions.referenceHeight}, it sent ${reference.height}`);
  const finalized = readBlockRef(replies.of(questions.finalized));
  if (finalized && finalized.height > head.height) return malformed(`its finalized block ${finalized.height} is above its head ${head.height}`);
  return {
    kind: "answered",
    latencyMs,
    chainId,
    genesisHash,
    head,
    finalized,
    peers: readQuantity(replies.of(2)),
    syncing: readSyncing(replies.of(3)),
    reference,
  };
}

/** Up to the first that is missing or no parent: a re-organisation between two requests must not join two branches. */
function linked(blocks: readonly (Block | null)[]): readonly Block[] {
  const chain: Block[] = [];
  for (const block of blocks) {
    const above = chain.at(-1);
    if (block === null || (above && above.parentHash !== block.hash)) break;
    chain.push(block);
  }
  return chain;
}
