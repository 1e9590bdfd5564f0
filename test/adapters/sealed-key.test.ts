/** A sealed key opens with its own secret only, and no byte of its file can be changed unnoticed. */
import { createCipheriv, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SealedBy, sealKey, unsealKey } from "../../adapters/sealed-key.ts";
import { tableWrapper } from "../support/table-wrapper.ts";

const entropy = { bytes: (count: number) => new Uint8Array(randomBytes(count)) };
const seed = new Uint8Array(randomBytes(32));

const byTable: SealedBy = { kind: "kms", wrapper: tableWrapper() };

/** A file with any header, sealed with a key of zeros. */
function fileWith(header: string): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  const clear = Buffer.concat([Buffer.from("SHAK\x01", "latin1"), length, text]);
  const nonce = Buffer.alloc(12);
  const cipher = createCipheriv("aes-256-gcm", Buffer.alloc(32), nonce, { authTagLength: 16 }).setAAD(clear);
  return Buffer.concat([clear, nonce, cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
}

describe("a sealed key", () => {
  test("comes back byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
        const unsealed = await unsealKey(await sealKey(bytes, byTable, entropy), byTable);
        expect(unsealed.kind === "unsealed" && Buffer.from(unsealed.seed).equals(bytes)).toBe(true);
      }),
    );
  });

  test("of which any byte was changed is refused with a reason", async () => {
    const file = await sealKey(seed, byTable, entropy);
    for (let at = 0; at < file.length; at += 1) {
      for (const flip of [0x01, 0x20, 0x80]) {
        const changed = Uint8Array.from(file);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(await unsealKey(changed, byTable), `byte ${at} of ${file.length}`).toMatchObject({
          kind: "refused",
          reason: expect.stringMatching(/\w/),
        });
      }
    }
  });

  test("whatever stands in the file is a value, never a throw", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (junk, begins) => {
        const file = begins ? Buffer.concat([Buffer.from("SHAK\x01", "latin1"), junk]) : junk;
        expect((await unsealKey(file, byTable)).kind).toBe("refused");
      }),
    );
  });

  test.each(["argon2id", "scrypt"] as const)("under a passphrase by %s opens with that passphrase and no other", async (kdf) => {
    const by = { kind: "passphrase", passphrase: Buffer.from("correct horse"), kdf } as const;
    const file = await sealKey(seed, by, entropy);
    expect(await unsealKey(file, by)).toMatchObject({ kind: "unsealed" });
    expect(await unsealKey(file, { ...by, passphrase: Buffer.from("correct house") })).toMatchObject({
      kind: "refused",
      code: "damaged-or-wrong-secret",
    });
    expect(await unsealKey(file, byTable)).toMatchObject({ kind: "refused", code: "other-lock" });
  });

  test("with parameters below the floor or above the ceiling is refused before anything is computed from them", async () => {
    const by: SealedBy = { kind: "passphrase", passphrase: Buffer.from("x") };
    const salt = "A".repeat(22);
    const headers = [
      { kdf: "argon2id", salt, memoryKiB: 1_024, passes: 3, lanes: 4 },
      { kdf: "argon2id", salt, memoryKiB: 64 * 1024 * 1024, passes: 3, lanes: 4 },
      { kdf: "argon2id", salt, memoryKiB: 64 * 1024, passes: 1, lanes: 4 },
      { kdf: "argon2id", salt, memoryKiB: 64 * 1024, passes: 1_000, lanes: 4 },
      { kdf: "scrypt", salt, costLog2: 10, blockSize: 8, lanes: 1 },
      { kdf: "scrypt", salt, costLog2: 30, blockSize: 8, lanes: 1 },
      { kdf: "md5", salt },
    ];
    for (const header of headers) {
      expect(await unsealKey(fileWith(JSON.stringify(header)), by), JSON.stringify(header)).toMatchObject({
        kind: "refused",
        code: "parameters-refused",
      });
    }
  });
});
