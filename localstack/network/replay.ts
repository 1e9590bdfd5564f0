/**
 * Takes a node from its head to another branch: so many blocks back, then each block of the branch made again. The pool is
 * set aside meanwhile, so that a block gets its own transactions and no others, and handed back at the end together with
 * what stood in the abandoned blocks.
 */
import type { Route } from "./block-tree.ts";
import type { ChainNode } from "./chain-node.ts";
import { NodeRefused } from "./json-rpc.ts";

/** A transaction that slips in between setting the pool aside and making the block spoils that block; twice in a row is rare, five times is a fault. */
const ATTEMPTS = 5;

/** Resolves to the new head. Only within `node.exclusively`. */
export async function adoptBranch(node: ChainNode, route: Route, poolInUse: boolean): Promise<string> {
  const orphaned = route.abandoned.flatMap((block) => block.transactions);
  let aside = orphaned;
  if (poolInUse || orphaned.length > 0) {
    aside = [...orphaned, ...(await node.pooled())];
    await node.empty();
  }
  if (route.back > 0) await node.rollBack(route.back);
  let head = "";
  for (const wanted of route.forward) {
    for (let attempt = 1; head !== wanted.hash; attempt += 1) {
      if (attempt > ATTEMPTS) {
        const reason = `the block of slot ${wanted.slot} came out otherwise ${ATTEMPTS} times`;
        throw new NodeRefused({ port: node.rpcPort, method: "evm_mine_detailed", reason });
      }
      await node.offer(wanted.transactions);
      const made = await node.mine(wanted);
      head = made.hash;
      if (head === wanted.hash) continue;
      aside.push(...made.transactions);
      await node.rollBack(1);
      await node.empty();
    }
  }
  if (aside.length > 0) await node.offer(aside);
  return head;
}
