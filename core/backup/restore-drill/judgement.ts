/**
 * Whether a node that was booted on a restored directory is a node of this network: held against what the backup's manifest says and
 * against a quorum of live nodes, never against one of them. And how far behind it is, which is what a loss would cost.
 */
import type { ScratchView } from "../../kernel/vault-job.ts";

export type Check = { readonly name: string; readonly held: boolean; readonly found: string };
export type LiveNode = {
  readonly node: string;
  readonly chainId: number;
  readonly genesisHash: string;
  readonly head: number;
  readonly hashAt: ReadonlyMap<number, string>;
};
export type Point = { readonly chainId: number; readonly genesisHash: string; readonly height: number; readonly blockHash: string };

export type Judgement =
  | { readonly kind: "waits"; readonly reason: string }
  | { readonly kind: "judged"; readonly checks: readonly Check[]; readonly lagBlocks: number };

/** More than half of the fleet's nodes must answer, and more than half of those agree. */
export function quorumOf(fleetSize: number): number {
  return Math.floor(fleetSize / 2) + 1;
}

type Facts = {
  readonly view: ScratchView;
  readonly live: readonly LiveNode[];
  readonly fleetSize: number;
  readonly chain: { chainId: number; genesisHash: string };
  readonly point: Point | null;
};

export function judgeScratch({ view, live, fleetSize, chain, point }: Facts): Judgement {
  if (view.state !== "answering" || view.head === null) return { kind: "waits", reason: `the scratch node does not answer yet: ${view.reason}` };
  const needed = quorumOf(fleetSize);
  if (live.length < needed) return { kind: "waits", reason: `${live.length} of ${fleetSize} nodes answer, ${needed} are needed to judge by` };
  const hashAt = new Map(view.hashes.map(({ height, hash }) => [height, hash]));
  const checks: Check[] = [
    same("chain id", view.chainId, agreed(live, ({ chainId }) => chainId, needed) ?? chain.chainId),
    same("genesis", hashAt.get(0) ?? null, agreed(live, ({ hashAt: at }) => at.get(0), needed) ?? chain.genesisHash),
  ];
  if (point !== null) {
    const found = hashAt.get(point.height) ?? null;
    const quorum = agreed(live, ({ hashAt: at }) => at.get(point.height), needed);
    checks.push(same(`hash at the backup's final block ${point.height}, by the manifest`, found, point.blockHash));
    /** What is wrong otherwise is told at once; what nobody can tell yet is neither right nor wrong. */
    if (quorum === null && checks.every(({ held }) => held))
      return { kind: "waits", reason: `no ${needed} of the live nodes agree about the hash at ${point.height}` };
    if (quorum !== null) checks.push(same(`hash at ${point.height}, by ${needed} or more live nodes`, found, quorum));
  }
  return { kind: "judged", checks, lagBlocks: Math.max(0, headOf(live) - view.head.height) };
}

/** The middle one, and of few nodes the second-highest: as long as most tell the truth, it is between heads that are true. */
export function headOf(live: readonly { readonly head: number }[]): number {
  const heads = live.map(({ head }) => head).toSorted((left, right) => right - left);
  return heads[Math.max(1, Math.ceil(heads.length / 2) - 1)] ?? heads[0] ?? 0;
}

function same(name: string, found: string | number | null, expected: string | number): Check {
  return found === expected
    ? { name, held: true, found: String(found) }
    : { name, held: false, found: `${found ?? "nothing"} where ${expected} belongs` };
}

/** What so many of the nodes say alike; null where nothing is. */
export function agreed<T>(live: readonly LiveNode[], word: (node: LiveNode) => T | undefined, needed: number): T | null {
  const counts = new Map<T, number>();
  for (const node of live) {
    const said = word(node);
    if (said !== undefined) counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  const [first] = [...counts].toSorted(([, left], [, right]) => right - left);
  return first !== undefined && first[1] >= needed ? first[0] : null;
}
