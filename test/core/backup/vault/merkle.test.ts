/** The root is RFC 6962's: compared with its definition, which splits at the largest power of two, and with its known vector. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MerkleRoot } from "../../../../core/backup/vault/merkle.ts";

const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();

function byDefinition(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return sha256(Buffer.from([0]), only);
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(Buffer.from([1]), byDefinition(leaves.slice(0, split)), byDefinition(leaves.slice(split)));
}

const rootOf = (leaves: readonly Uint8Array[]): Buffer => {
  const merkle = new MerkleRoot();
  for (const leaf of leaves) merkle.add(leaf);
  return merkle.root();
};

describe("the Merkle root", () => {
  it("is that of the definition for every list", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 70 }), (leaves) => {
        expect(rootOf(leaves)).toEqual(byDefinition(leaves));
      }),
    );
  });

  it("of nothing is the digest of nothing, as RFC 6962 says", () => {
    expect(rootOf([]).toString("hex")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("changes when two leaves change places", () => {
    expect(rootOf([Buffer.from("a"), Buffer.from("b")])).not.toEqual(rootOf([Buffer.from("b"), Buffer.from("a")]));
  });
});
