/**
 * How far each node's head went back, in blocks that it gave up. A node that starts again empty is not going back while it
 * catches up; what it had is compared once it is as high again.
 */
import type { SeenBlock } from "./seen-block.ts";

/** `life` grows each time the node is found started again. */
export type HeadSighting = { readonly node: string; readonly hash: string; readonly life: number };
export type HeadReturn = { readonly node: string; readonly blocks: number; readonly from: string; readonly to: string };

export function deepestReturn(blocks: readonly SeenBlock[], heads: readonly HeadSighting[]) {
  const byHash = new Map(blocks.map((block) => [block.hash, block]));
  const returns: HeadReturn[] = [];
  const untraced: { node: string; hash: string }[] = [];

  function compare(node: string, from: string, to: string): void {
    const given = givenUp(byHash, from, to);
    if (given === undefined) untraced.push({ node, hash: to });
    else if (given > 0) returns.push({ node, blocks: given, from: name(byHash, from), to: name(byHash, to) });
  }

  for (const [node, sightings] of Map.groupBy(heads, (head) => head.node)) {
    let previous: HeadSighting | undefined;
    let carried: string | undefined;
    for (const head of sightings) {
      if (previous !== undefined && previous.life !== head.life) carried ??= previous.hash;
      else if (previous !== undefined) compare(node, previous.hash, head.hash);
      if (carried !== undefined && heightOf(byHash, head.hash) >= heightOf(byHash, carried)) {
        compare(node, carried, head.hash);
        carried = undefined;
      }
      previous = head;
    }
  }
  return { returns, untraced };
}

/** Blocks of `from`'s branch that `to`'s does not have; undefined where an ancestor is missing. */
function givenUp(byHash: ReadonlyMap<string, SeenBlock>, from: string, to: string): number | undefined {
  let count = 0;
  let left = byHash.get(from);
  let right = byHash.get(to);
  while (left !== undefined && right !== undefined && left.hash !== right.hash) {
    if (left.height >= right.height) {
      count += 1;
      left = byHash.get(left.parentHash);
    } else right = byHash.get(right.parentHash);
  }
  return left === undefined || right === undefined ? undefined : count;
}

const heightOf = (byHash: ReadonlyMap<string, SeenBlock>, hash: string): number => byHash.get(hash)?.height ?? -1;

function name(byHash: ReadonlyMap<string, SeenBlock>, hash: string): string {
  const block = byHash.get(hash);
  return block === undefined ? hash : `height ${block.height} (slot ${block.slot})`;
}
