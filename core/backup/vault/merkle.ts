/**
 * The Merkle root over a list of ids, as RFC 6962 (section 2.1) defines it, leaf and node hashes kept apart; computed as the
 * ids come, with one digest a level in memory.
 */
import { createHash } from "node:crypto";

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export class MerkleRoot {
  /** Roots of full subtrees, the largest first; `count` in binary says which sizes. */
  private readonly subtrees: Buffer[] = [];
  private count = 0;

  add(leaf: Uint8Array): void {
    this.subtrees.push(sha256(LEAF, leaf));
    this.count += 1;
    for (let rest = this.count; rest % 2 === 0; rest /= 2) {
      const [left, right] = this.subtrees.splice(-2);
      this.subtrees.push(sha256(NODE, left as Buffer, right as Buffer));
    }
  }

  get leaves(): number {
    return this.count;
  }

  root(): Buffer {
    const smallestFirst = this.subtrees.toReversed();
    const [first, ...larger] = smallestFirst;
    if (first === undefined) return sha256();
    return larger.reduce((right, left) => sha256(NODE, left, right), first);
  }
}
