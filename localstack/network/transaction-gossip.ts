/** Remembers which pending transactions each node has had, so that each is passed on once. */
import type { ChainNode } from "./chain-node.ts";

/** Raw transactions remembered a node; the oldest are forgotten, and would merely be offered again and refused. */
const REMEMBERED_MAX = 20_000;

export function transactionGossip() {
  const heard = new Map<string, Set<string>>();
  const heardBy = (id: string): Set<string> => {
    const set = heard.get(id) ?? new Set<string>();
    heard.set(id, set);
    return set;
  };
  function remember(id: string, transactions: readonly string[]): void {
    const set = heardBy(id);
    for (const raw of transactions) set.add(raw);
    for (const oldest of set) {
      if (set.size <= REMEMBERED_MAX) break;
      set.delete(oldest);
    }
  }
  return {
    /** What stands in the node's pool; nothing is asked of a node whose pool is empty. */
    async news(node: ChainNode, pooled: number): Promise<readonly string[]> {
      if (pooled === 0) return [];
      const transactions = await node.pooled();
      remember(node.id, transactions);
      return transactions;
    },
    /** Those that `id` has not had yet; from now on it has. */
    unheard(id: string, transactions: readonly string[]): readonly string[] {
      const set = heardBy(id);
      const fresh = transactions.filter((raw) => !set.has(raw));
      remember(id, fresh);
      return fresh;
    },
    forget: (id: string): void => {
      heard.delete(id);
    },
  };
}
