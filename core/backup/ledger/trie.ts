/**
 * The root of the Merkle-Patricia trie over a list: key i is RLP(i), value i the item's bytes (Yellow Paper, appendix D, and
 * equations 33 to 36 for what a header's roots are over). Only the root is computed: nothing is stored or looked up.
 */
import { EMPTY_BYTES, keccak, quantityBytes } from "./bytes.ts";
import { encodeRlp, type RlpItem } from "./rlp.ts";

type Entry = { readonly path: readonly number[]; readonly value: Uint8Array };

/** A node shorter than its own hash stands in its parent as it is. */
const HASH_BYTES = 32;
const NIBBLES = 16;

/** Without items it is the hash of RLP's empty string: 0x56e81f17…, the best-known root there is. */
export function orderedTrieRoot(values: readonly Uint8Array[]): Uint8Array {
  if (values.length === 0) return keccak(encodeRlp(EMPTY_BYTES));
  const entries = values.map((value, index) => ({ path: nibblesOf(encodeRlp(quantityBytes(index))), value }));
  return keccak(encodeRlp(nodeOf(entries, 0)));
}

/** c(I, i): what stands for all entries whose paths agree below `depth`. */
function nodeOf(entries: readonly Entry[], depth: number): RlpItem {
  const [first] = entries;
  if (first === undefined) return EMPTY_BYTES;
  if (entries.length === 1) return [hexPrefix(first.path.slice(depth), true), first.value];
  const shared = sharedDepth(entries, first.path, depth);
  if (shared > depth) return [hexPrefix(first.path.slice(depth, shared), false), referenceTo(nodeOf(entries, shared))];
  const children = Map.groupBy(entries, ({ path }) => path[depth]);
  const branch = Array.from({ length: NIBBLES }, (_, nibble) => {
    const below = children.get(nibble);
    return below === undefined ? EMPTY_BYTES : referenceTo(nodeOf(below, depth + 1));
  });
  // No RLP is the beginning of another, so no path ends at a branch and its own value is always empty.
  return [...branch, EMPTY_BYTES];
}

/** n(I, i): a node's hash, or the node itself where that is shorter. */
function referenceTo(node: RlpItem): RlpItem {
  const encoded = encodeRlp(node);
  return encoded.length < HASH_BYTES ? node : keccak(encoded);
}

function sharedDepth(entries: readonly Entry[], path: readonly number[], from: number): number {
  let depth = from;
  while (depth < path.length && entries.every((entry) => entry.path[depth] === path[depth])) depth += 1;
  return depth;
}

/** HP(x, t): nibbles in bytes, with a leading flag that says whether their number is odd and whether a leaf ends there. */
function hexPrefix(nibbles: readonly number[], leaf: boolean): Uint8Array {
  const flag = leaf ? 2 : 0;
  const whole = nibbles.length % 2 === 0 ? [flag, 0, ...nibbles] : [flag + 1, ...nibbles];
  return Uint8Array.from({ length: whole.length / 2 }, (_, index) => (whole[2 * index] ?? 0) * NIBBLES + (whole[2 * index + 1] ?? 0));
}

function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 0x0f]);
}
