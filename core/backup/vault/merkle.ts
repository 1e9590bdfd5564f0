/**
 * The Merkle root over a list of ids, as RFC 6962 (section 2.1) defines it, leaf and node hashes kept apart; computed as the
 * ids come, with one digest a level in memory.
 */
import { hash } from "node:crypto";

const DIGEST_BYTES = 32;
const LEAF = 0;
const NODE = 1;

/** A leaf of 32 bytes, which most are, and a node are hashed in one go, from the same memory each time. */
const leafBytes = Buffer.alloc(1 + DIGEST_BYTES, LEAF);
const nodeBytes = Buffer.alloc(1 + 2 * DIGEST_BYTES, NODE);

function hashLeaf(leaf: Uint8Array): Buffer {
  const bytes = leaf.length === DIGEST_BYTES ? leafBytes : Buffer.alloc(1 + leaf.length, LEAF);
  bytes.set(leaf, 1);
  return hash("sha256", bytes, "buffer");
}

function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  nodeBytes.set(left, 1);
  nodeBytes.set(right, 1 + DIGEST_BYTES);
  return hash("sha256", nodeBytes, "buffer");
}

export class MerkleRoot {
  /** Roots of full subtrees, the largest first; `count` in binary says which sizes. */
  private readonly subtrees: Buffer[] = [];
  private count = 0;

  add(leaf: Uint8Array): void {
    this.subtrees.push(hashLeaf(leaf));
    this.count += 1;
    for (let rest = this.count; rest % 2 === 0; rest /= 2) {
      const [left, right] = this.subtrees.splice(-2);
      this.subtrees.push(hashNode(left as Buffer, right as Buffer));
    }
  }

  get leaves(): number {
    return this.count;
  }

  root(): Buffer {
    const smallestFirst = this.subtrees.toReversed();
    const [first, ...larger] = smallestFirst;
    if (first === undefined) return hash("sha256", Buffer.alloc(0), "buffer");
    return larger.reduce((right, left) => hashNode(left, right), first);
  }
}
