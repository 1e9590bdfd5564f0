/** Small whole objects of a vault, made with fixed keys and salts, so that tests can damage them. */
import { contentId } from "../../core/backup/vault/content-id.ts";
import { Keyring } from "../../core/backup/vault/keyring.ts";
import { encodeHeader, type ObjectHeader } from "../../core/backup/vault/object-header.ts";
import { objectName, packEnd } from "../../core/backup/vault/pack.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import type { StoredBlock } from "../../core/backup/vault/pack-table.ts";
import { sealBlock } from "../../core/backup/vault/sealing.ts";
import { noise } from "./noise.ts";

const key = (byte: number): string => Buffer.alloc(32, byte).toString("base64url");

export const VAULT = "000102030405060708090a0b0c0d0e0f";
export const keyring = new Keyring(VAULT, { cutting: key(1), ids: key(2), epochs: [{ epoch: 1, key: key(3), madeAtMs: 0 }] });
export const strangersKeyring = new Keyring("ff".repeat(16), { cutting: key(4), ids: key(5), epochs: [{ epoch: 1, key: key(6), madeAtMs: 0 }] });

/** A pack of the given contents, one block each. */
export function packOf(contents: readonly Buffer[], ring = keyring, saltSeed: number | string = 0): { bytes: Buffer; pack: IndexedPack } {
  const header: ObjectHeader = { vault: ring.vault, epoch: 1, salt: noise(`salt ${saltSeed}`, 32) };
  const head = encodeHeader("pack", header);
  const secret = ring.keyOf("pack", header, "a test's pack");
  const sealed = contents.map((content, number) => sealBlock({ key: secret, header: head, number }, content));
  const blocks = sealed.map(({ codec, plainBytes, sealed: bytes }, index): StoredBlock => {
    const content = contents[index] ?? Buffer.alloc(0);
    return { codec, plainBytes, sealedBytes: bytes.length, chunks: [{ id: contentId(ring.idKey, content), lengthBytes: content.length }] };
  });
  const { table, footer } = packEnd({ key: secret, header: head }, blocks);
  const bytes = Buffer.concat([head, ...sealed.map((block) => block.sealed), table, footer]);
  return { bytes, pack: { name: objectName(bytes), epoch: 1, salt: header.salt, sizeBytes: bytes.length, blocks } };
}
