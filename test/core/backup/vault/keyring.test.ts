/** A keyring opens under its key alone, every field of it is authenticated, and it names what it cannot do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KeyringFile, type Keys, openKeyring, parseKeyring, sealKeyring } from "../../../../core/backup/vault/keyring.ts";
import { CHUNK_BYTES } from "../../../../core/backup/vault/sizes.ts";
import { noise } from "../../../support/noise.ts";

const key = noise("keyring", 32);
const text = (seed: string): string => noise(seed, 32).toString("base64url");
const keys: Keys = {
  cutting: text("cut"),
  ids: text("ids"),
  epochs: [
    { epoch: 1, key: text("one"), madeAtMs: 1 },
    { epoch: 2, key: text("two"), madeAtMs: 2 },
  ],
};
const open: Omit<KeyringFile, "keys"> = {
  format: 1,
  vault: "ab".repeat(16),
  number: 3,
  writtenAtMs: 1_700_000_000_000,
  chunkBytes: CHUNK_BYTES,
  locks: [{ name: "passphrase", sealed: "AAAA" }],
};
const bytes = sealKeyring(open, keys, key, noise("nonce", 12));
const file = parseKeyring(bytes, "the keyring");

describe("a keyring", () => {
  it("gives its keys back, and writes under the newest epoch", () => {
    const ring = openKeyring(file, key, "the keyring");
    expect(ring.keys).toEqual(keys);
    expect(ring.epoch).toBe(2);
  });

  it("does not open under another key", () => {
    expect(() => openKeyring(file, noise("another", 32), "the keyring")).toThrow(expect.objectContaining({ name: "KeyUnknown" }));
  });

  it("does not open when a field in clear was changed", () => {
    const changed: KeyringFile[] = [
      { ...file, vault: "cd".repeat(16) },
      { ...file, number: 4 },
      { ...file, writtenAtMs: 1 },
      { ...file, locks: [{ name: "passphrase", sealed: "AAAB" }] },
      { ...file, locks: [...file.locks, { name: "mine", sealed: "BBBB" }] },
    ];
    for (const each of changed) expect(() => openKeyring(each, key, "the keyring")).toThrow(expect.objectContaining({ name: "KeyUnknown" }));
  });

  it("has one key a salt, an epoch and a purpose, and says which epoch it never had", () => {
    const ring = openKeyring(file, key, "the keyring");
    const places = [
      ring.keyOf("pack", { epoch: 1, salt: noise(1, 32) }, "x"),
      ring.keyOf("pack", { epoch: 2, salt: noise(1, 32) }, "x"),
      ring.keyOf("pack", { epoch: 1, salt: noise(2, 32) }, "x"),
      ring.keyOf("index", { epoch: 1, salt: noise(1, 32) }, "x"),
    ].map((each) => each.toString("hex"));
    expect(new Set(places).size).toBe(places.length);
    expect(() => ring.keyOf("pack", { epoch: 3, salt: noise(1, 32) }, "packs/n1/aa")).toThrow(
      /packs\/n1\/aa cannot be opened: it is sealed under epoch 3, the keyring has 1, 2/,
    );
  });

  it("of another format is named so, and anything else is a fault by name", () => {
    expect(() => parseKeyring(Buffer.from('{"format":2}'), "the keyring")).toThrow(expect.objectContaining({ name: "FormatUnknown" }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (rubbish) => {
        expect(() => parseKeyring(rubbish, "the keyring")).toThrow(expect.objectContaining({ name: "ObjectCorrupt" }));
      }),
    );
  });
});
