/**
 * AES-256-GCM over one block. Each pack, index and batch has a key of its own, drawn by HKDF from the data key of its epoch and
 * 32 random bytes of salt, and within it a block's number is its nonce: no key and nonce ever meet twice, however many blocks
 * a fleet writes. The object's header, the block's number and how it is packed are authenticated with it, so that a block
 * opens in its own place only.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { letGo } from "./let-go.ts";

export const TAG_BYTES = 16;
export const SALT_BYTES = 32;
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;

/** How a block's bytes stand before they are sealed. */
export const CODEC = { stored: 0, zstd: 1 } as const;
export type Codec = (typeof CODEC)[keyof typeof CODEC];
export const CODEC_MAX = CODEC.zstd;

export type SealedBlock = { readonly codec: Codec; readonly plainBytes: number; readonly sealed: Buffer };
/** `header` is the object's own, as it travels. */
export type BlockPlace = { readonly key: Uint8Array; readonly header: Uint8Array; readonly number: number };

/** zstd's fastest: a first backup waits for its cores, not for its store. */
const ZSTD = { [constants.ZSTD_c_compressionLevel]: 1 };
/** Beyond a 256th, of a frame that does not shrink. */
const FRAME_BYTES_MORE = 512;
/** zlib's least. */
const CHUNK_SIZE_MIN = 64;
/** What does not shrink by a thirty-second is stored as it is: it is then read without work. */
const WORTH = 31 / 32;
/** Told by samples from all over the block, so that keys and noise are not compressed in vain. */
const SAMPLES = 16;
const SAMPLE_BYTES = 2 * 1024;

/** What an object is: no key of one kind opens another. */
export type ObjectPurpose = "pack" | "index" | "batch";

export function objectKey(dataKey: Uint8Array, salt: Uint8Array, purpose: ObjectPurpose): Buffer {
  return Buffer.from(hkdfSync("sha256", dataKey, salt, `synnergy-ha/vault/${purpose}/1`, KEY_BYTES));
}

/** A block as it is before it is sealed; where it is compressed, in memory of its own. */
export type PackedBlock = { readonly codec: Codec; readonly plainBytes: number; readonly packed: Uint8Array };

/** What a block has once it is sealed can be told from this: nothing is added then but a tag. */
export function packBlock(content: Uint8Array): PackedBlock {
  const compressed = compress(content);
  if (compressed === null) return { codec: CODEC.stored, plainBytes: content.length, packed: content };
  return { codec: CODEC.zstd, plainBytes: content.length, packed: compressed };
}

export function sealBlock(place: BlockPlace, content: Uint8Array): SealedBlock {
  const block = packBlock(content);
  const sealed = Buffer.allocUnsafeSlow(block.packed.length + TAG_BYTES);
  sealPacked(place, block, sealed);
  return { codec: block.codec, plainBytes: block.plainBytes, sealed };
}

/** Writes to the front of `into`, which has room for the tag too. The packed block is used up. */
export function sealPacked(place: BlockPlace, { codec, plainBytes, packed }: PackedBlock, into: Uint8Array): void {
  const cipher = createCipheriv("aes-256-gcm", place.key, nonceOf(place.number), { authTagLength: TAG_BYTES });
  cipher.setAAD(authenticated(place, codec, plainBytes));
  // GCM is a stream cipher: `final` has nothing to add to the ciphertext.
  const hidden = cipher.update(packed);
  cipher.final();
  into.set(hidden);
  into.set(cipher.getAuthTag(), hidden.length);
  letGo(hidden);
  if (codec === CODEC.zstd) letGo(packed as Buffer);
}

/** Null where the tag does not fit, since the bytes, their place or the key is another, or where what was sealed is no block. */
export function openBlock(place: BlockPlace, block: SealedBlock): Buffer | null {
  const { codec, plainBytes, sealed } = block;
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv("aes-256-gcm", place.key, nonceOf(place.number), { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticated(place, codec, plainBytes)).setAuthTag(sealed.subarray(-TAG_BYTES));
  const packed = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    // The one thing that `final` says by throwing: the tag does not fit.
    return null;
  }
  if (codec === CODEC.stored) return packed.length === plainBytes ? packed : null;
  try {
    // One byte more, or zlib would get itself as much memory again to see that there is no more.
    const content = zstdDecompressSync(packed, { maxOutputLength: plainBytes, chunkSize: Math.max(CHUNK_SIZE_MIN, plainBytes + 1) });
    return content.length === plainBytes ? content : null;
  } catch {
    // Sealed by somebody who has the key, and yet no frame of that length: as good as a tag that does not fit.
    return null;
  } finally {
    letGo(packed);
  }
}

/** Null where the content is better stored as it is. */
function compress(content: Uint8Array): Buffer | null {
  if (content.length > 4 * SAMPLES * SAMPLE_BYTES && !looksCompressible(content)) return null;
  const compressed = zstd(content);
  if (compressed.length < content.length * WORTH) return compressed;
  letGo(compressed);
  return null;
}

function looksCompressible(content: Uint8Array): boolean {
  const stride = Math.floor(content.length / SAMPLES);
  const samples = Array.from({ length: SAMPLES }, (_, index) => content.subarray(index * stride, index * stride + SAMPLE_BYTES));
  const joined = Buffer.concat(samples);
  const compressed = zstd(joined);
  const shrinks = compressed.length < SAMPLES * SAMPLE_BYTES * WORTH;
  letGo(joined);
  letGo(compressed);
  return shrinks;
}

/** With room for the longest frame (zstd's own bound) it is written in one go, without a copy of the content in between. */
function zstd(content: Uint8Array): Buffer {
  const chunkSize = content.length + (content.length >> 8) + FRAME_BYTES_MORE;
  return zstdCompressSync(content, { chunkSize, params: ZSTD });
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(number, NONCE_BYTES - 4);
  return nonce;
}

function authenticated({ header, number }: BlockPlace, codec: Codec, plainBytes: number): Buffer {
  const tail = Buffer.alloc(9);
  tail.writeUInt32BE(number, 0);
  tail.writeUInt8(codec, 4);
  tail.writeUInt32BE(plainBytes, 5);
  return Buffer.concat([header, tail]);
}
