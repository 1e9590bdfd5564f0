/**
 * The auditor of a rehearsal: reads every node's blocks itself, and the lease and the incidents through what it is given, and
 * judges by `laws.ts`. It takes no part in anything and is told nothing of what should happen.
 */
import { type AuditReport, audit, type Terms } from "./laws.ts";
import type { LeaseSighting } from "./lease-terms.ts";
import type { HeadSighting } from "./reorganisation.ts";
import type { SeenBlock } from "./seen-block.ts";
import { type Header, type NodeWatch, watchNode } from "./watch-node.ts";

/** A lease lives for seconds and an epoch for longer: none is over between two readings. */
const READ_MS = 250;
/** A day of four nodes' heads, one a second. */
const HEADS_MAX = 4 * 86_400;

export type AuditorOptions = {
  readonly nodes: readonly { readonly id: string; readonly rpcPort: number; readonly coinbase: string }[];
  readonly genesisTime: number;
  /** The role's lease as the registry has it now, or null where there is none yet. Strongly consistent. */
  readonly readLease: () => Promise<LeaseSighting | null>;
  readonly readIncidents: () => Promise<readonly { readonly id: string; readonly endedAtMs: number | null }[]>;
};

export type Auditor = {
  /** What was found so far. With `final` the registry is read once more, after the last block. */
  report(terms: Terms): Promise<AuditReport>;
  /** The newest block at any node by a known signer: the highest slot. */
  tip(): { readonly node: string | null; readonly slot: number; readonly height: number; readonly hash: string; readonly seenAtMs: number } | null;
  /** Failures to read the lease, newest last: a rehearsal cuts the auditor off from nothing, so these are faults. */
  readonly failures: readonly string[];
  close(): Promise<void>;
};

type Entry = { readonly header: Header; readonly nodes: Set<string>; readonly seenAtMs: number };

export function openAuditor(options: AuditorOptions): Auditor {
  const { nodes, genesisTime } = options;
  const blocks = new Map<string, Entry>();
  const heads: HeadSighting[] = [];
  const leases: LeaseSighting[] = [];
  const failures: string[] = [];
  const nodeOf = new Map(nodes.map(({ id, coinbase }) => [coinbase.toLowerCase(), id]));
  let newest: Entry | undefined;

  function saw(node: string, header: Header): void {
    const entry = blocks.get(header.hash) ?? { header, nodes: new Set<string>(), seenAtMs: performance.now() };
    entry.nodes.add(node);
    blocks.set(header.hash, entry);
    if (nodeOf.has(header.miner) && header.timestamp > (newest?.header.timestamp ?? -1)) newest = entry;
  }

  const watches: NodeWatch[] = nodes.map(({ id, rpcPort }) =>
    watchNode({
      node: id,
      rpcPort,
      // Known at this node: another node's block of the same hash must still be counted here.
      known: (hash) => blocks.get(hash)?.nodes.has(id) ?? false,
      seen: (header) => saw(id, header),
      head(hash, life) {
        if (heads.length < HEADS_MAX) heads.push({ node: id, hash, life });
      },
    }),
  );

  async function readLease(): Promise<void> {
    try {
      const lease = await options.readLease();
      const last = leases.at(-1);
      if (lease === null || (last !== undefined && isSame(last, lease))) return;
      const { epoch, holder, fromSlot, throughSlot } = lease;
      leases.push({ epoch, holder, fromSlot, throughSlot });
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  let reading: Promise<void> = readLease();
  const timer = setInterval(() => {
    reading = reading.then(readLease);
  }, READ_MS);

  function seenBlocks(): SeenBlock[] {
    return [...blocks.values()].map(({ header, nodes: at }) => ({
      hash: header.hash,
      parentHash: header.parentHash,
      height: header.number,
      slot: header.timestamp - genesisTime,
      signer: header.miner,
      nodes: [...at],
    }));
  }

  return {
    failures,
    async report(terms) {
      await Promise.all(watches.map((watch) => watch.idle()));
      const taken = seenBlocks();
      const takenHeads = [...heads];
      await reading.then(readLease);
      const incidents = await options.readIncidents();
      return audit(
        { validators: nodes.map(({ id, coinbase }) => ({ node: id, coinbase })), blocks: taken, heads: takenHeads, leases, incidents },
        terms,
      );
    },
    tip() {
      if (newest === undefined) return null;
      const { header, seenAtMs } = newest;
      return { node: nodeOf.get(header.miner) ?? null, slot: header.timestamp - genesisTime, height: header.number, hash: header.hash, seenAtMs };
    },
    async close() {
      clearInterval(timer);
      for (const watch of watches) watch.close();
      await reading;
    },
  };
}

const isSame = (a: LeaseSighting, b: LeaseSighting): boolean =>
  a.epoch === b.epoch && a.holder === b.holder && a.fromSlot === b.fromSlot && a.throughSlot === b.throughSlot;
