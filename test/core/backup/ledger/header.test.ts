import { describe, expect, it } from "vitest";
import { bytesOf, hexOf, keccak, quantityBytes } from "../../../../core/backup/ledger/bytes.ts";
import { decodeHeader, encodeHeader, HEADER_FIELDS } from "../../../../core/backup/ledger/header.ts";
import { orderedTrieRoot } from "../../../../core/backup/ledger/trie.ts";

const NO_OMMERS = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
const EMPTY_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
const zeros = (size: number): string => `0x${"00".repeat(size)}`;

/** Ethereum's first two blocks. */
const MAINNET_0 = {
  parentHash: zeros(32),
  sha3Uncles: NO_OMMERS,
  miner: zeros(20),
  stateRoot: "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
  transactionsRoot: EMPTY_ROOT,
  receiptsRoot: EMPTY_ROOT,
  logsBloom: zeros(256),
  difficulty: "0x400000000",
  number: "0x0",
  gasLimit: "0x1388",
  gasUsed: "0x0",
  timestamp: "0x0",
  extraData: "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
  mixHash: zeros(32),
  nonce: "0x0000000000000042",
};
const MAINNET_1 = {
  ...MAINNET_0,
  parentHash: "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
  miner: "0x05a56e2d52c817161883f50c441c3228cfe54d9f",
  stateRoot: "0xd67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3",
  difficulty: "0x3ff800000",
  number: "0x1",
  timestamp: "0x55ba4224",
  extraData: "0x476574682f76312e302e302f6c696e75782f676f312e342e32",
  mixHash: "0x969b900de27b6ac6a67742365dd65f55a0526c41fd18e1b16f1a1215c2e66f59",
  nonce: "0x539bd4979fef1ec4",
};

const valuesOf = (fields: Record<string, string>): Map<string, Uint8Array> =>
  new Map(
    Object.entries(fields).map(([name, value]) => {
      const quantity = HEADER_FIELDS.find((field) => field.name === name)?.size === "quantity";
      return [name, quantity ? quantityBytes(BigInt(value)) : bytesOf(value)];
    }),
  );
const encoded = (fields: Record<string, string>): Uint8Array => {
  const header = encodeHeader(valuesOf(fields));
  if (header.kind === "refused") throw new RangeError(header.reason);
  return header.bytes;
};
const LATER = {
  baseFeePerGas: "0x7",
  withdrawalsRoot: EMPTY_ROOT,
  blobGasUsed: "0x0",
  excessBlobGas: "0x0",
  parentBeaconBlockRoot: zeros(32),
  requestsHash: zeros(32),
};
const through = (last: keyof typeof LATER | null): Record<string, string> => {
  const names = Object.keys(LATER);
  return { ...MAINNET_1, ...Object.fromEntries(Object.entries(LATER).slice(0, last === null ? 0 : names.indexOf(last) + 1)) };
};

describe("a header", () => {
  it("hashes to what Ethereum's first blocks are known by", () => {
    expect(hexOf(keccak(encoded(MAINNET_0)))).toBe("0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3");
    expect(hexOf(keccak(encoded(MAINNET_1)))).toBe("0x88e96d4537bea4d9c05d12549907b32561d3bf31f45aae734cdc119f13406cb6");
  });

  it.each([null, "baseFeePerGas", "withdrawalsRoot", "parentBeaconBlockRoot", "requestsHash"] as const)(
    "is read back with the fields through %s",
    (last) => {
      const decoded = decodeHeader(encoded(through(last)));
      expect(decoded).toMatchObject({ kind: "header", header: { height: 1, timestampS: 0x55ba4224 } });
      const withdrawals = last !== null && last !== "baseFeePerGas";
      expect(decoded.kind === "header" && decoded.header.withdrawalsRoot !== null).toBe(withdrawals);
    },
  );

  it.each(["blobGasUsed", "excessBlobGas"] as const)("with half a fork's fields, through %s, is refused", (last) => {
    expect(encodeHeader(valuesOf(through(last)))).toMatchObject({ kind: "refused", reason: expect.stringContaining("is missing") });
  });

  it("is refused by name where a fork's fields are there without the fork before", () => {
    const { baseFeePerGas: _gone, ...fields } = through("withdrawalsRoot");
    expect(encodeHeader(valuesOf(fields))).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("withdrawalsRoot without baseFeePerGas"),
    });
  });

  it("is refused where a field is of another size, or is a number with a leading zero", () => {
    expect(encodeHeader(valuesOf({ ...MAINNET_1, miner: zeros(19) }))).toMatchObject({ kind: "refused", reason: expect.stringContaining("miner") });
    const padded = valuesOf(MAINNET_1).set("gasUsed", new Uint8Array(2));
    expect(encodeHeader(padded)).toMatchObject({ kind: "refused", reason: expect.stringContaining("gasUsed") });
  });
});

describe("the root of a list", () => {
  it("is, without items, the best-known root there is", () => {
    expect(hexOf(orderedTrieRoot([]))).toBe(EMPTY_ROOT);
  });

  it("takes nodes shorter than a hash as they are: two single bytes make one branch that holds both leaves", () => {
    // Keys 0x80 and 0x01; by hand: at nibble 0 the leaf [0x31, "b"], at nibble 8 the leaf [0x30, "a"], and sixteen nothings with them.
    const branch = `0xd5c23162${"80".repeat(7)}c23061${"80".repeat(8)}`;
    expect(hexOf(orderedTrieRoot([Uint8Array.of(0x61), Uint8Array.of(0x62)]))).toBe(hexOf(keccak(bytesOf(branch))));
  });

  it("of one item is a leaf that holds its whole key", () => {
    expect(hexOf(orderedTrieRoot([Uint8Array.of(0x61)]))).toBe(hexOf(keccak(bytesOf("0xc482208061"))));
  });
});
