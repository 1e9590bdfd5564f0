/**
 * An agent's private key at rest: AES-256-GCM under a key that comes from a passphrase (Argon2id, or scrypt where no native
 * code may run) or from KMS. The header names version and parameters in clear and is authenticated, so that no byte of the
 * file can be changed unnoticed; parameters outside the limits are refused before anything is computed from them.
 *
 *     "SHAK"  version 1  header length (2 bytes)  header (JSON)  nonce (12)  ciphertext (32)  tag (16)
 */
import { createCipheriv, createDecipheriv, scrypt } from "node:crypto";
import * as z from "zod";
import type { Entropy, KeyWrapper } from "../core/kernel/ports.ts";
import { ARGON2, deriveKey } from "./argon2-layer.ts";
import { SEED_BYTES } from "./signature-ed25519.ts";

const MAGIC = Buffer.from("SHAK\x01", "latin1");
const LENGTH_BYTES = 2;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALT_BYTES = 16;
const HEADER_BYTES_MAX = 4_096;

/** N = 2^17, r = 8, p = 1: OWASP's choice for scrypt, 128 MiB. Half of it is the floor; twice is the ceiling. */
const SCRYPT = { costLog2: 17, blockSize: 8, lanes: 1 } as const;
const scryptBytes = (costLog2: number, blockSize: number): number => 128 * blockSize * 2 ** costLog2;

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const Salt = z.string().regex(/^[A-Za-z0-9_-]{22}$/, "16 bytes in base64url");
const Header = z.discriminatedUnion("kdf", [
  z.strictObject({
    kdf: z.literal("argon2id"),
    salt: Salt,
    memoryKiB: z
      .int()
      .min(ARGON2.memoryKiB / 2)
      .max(ARGON2.memoryKiB * 4),
    passes: z.int().min(2).max(16),
    lanes: z.int().min(1).max(16),
  }),
  z.strictObject({
    kdf: z.literal("scrypt"),
    salt: Salt,
    costLog2: z
      .int()
      .min(SCRYPT.costLog2 - 1)
      .max(SCRYPT.costLog2 + 1),
    blockSize: z.literal(SCRYPT.blockSize),
    lanes: z.literal(SCRYPT.lanes),
  }),
  z.strictObject({ kdf: z.literal("kms"), keyId: z.string().min(1).max(2_048), wrapped: Base64Url.max(2_048) }),
]);
type Header = z.infer<typeof Header>;

export type SealedBy =
  | { readonly kind: "passphrase"; readonly passphrase: Buffer; readonly kdf?: "argon2id" | "scrypt" }
  | { readonly kind: "kms"; readonly wrapper: KeyWrapper };

export type Unsealed =
  | { readonly kind: "unsealed"; readonly seed: Uint8Array }
  | {
      readonly kind: "refused";
      readonly code: "not-a-key" | "parameters-refused" | "other-lock" | "damaged-or-wrong-secret";
      readonly reason: string;
    };

export async function sealKey(seed: Uint8Array, by: SealedBy, entropy: Entropy): Promise<Uint8Array> {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a private key has ${SEED_BYTES} bytes, not ${seed.length}`);
  const { header, key } = await newLock(by, entropy);
  const text = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(text.length);
  const clear = Buffer.concat([MAGIC, length, text]);
  const nonce = entropy.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(clear);
  const hidden = Buffer.concat([cipher.update(seed), cipher.final()]);
  return Buffer.concat([clear, nonce, hidden, cipher.getAuthTag()]);
}

/** Never throws for what is in the file. KMS failing to answer is a surprise, and throws. */
export async function unsealKey(file: Uint8Array, by: SealedBy): Promise<Unsealed> {
  const refused = (code: Extract<Unsealed, { kind: "refused" }>["code"], reason: string): Unsealed => ({ kind: "refused", code, reason });
  const bytes = Buffer.from(file);
  const start = MAGIC.length + LENGTH_BYTES;
  if (bytes.length < start || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return refused("not-a-key", "the file does not begin as a sealed key of version 1");
  }
  const headerBytes = bytes.readUInt16BE(MAGIC.length);
  const clearBytes = start + headerBytes;
  if (headerBytes > HEADER_BYTES_MAX || bytes.length !== clearBytes + NONCE_BYTES + SEED_BYTES + TAG_BYTES) {
    return refused("not-a-key", "the file's length does not fit its header");
  }
  const header = readHeader(bytes.subarray(start, clearBytes));
  if (header.kind === "refused") return header;
  const lock = await openLock(header.header, by);
  if (lock.kind === "refused") return lock;
  const nonce = bytes.subarray(clearBytes, clearBytes + NONCE_BYTES);
  const hidden = bytes.subarray(clearBytes + NONCE_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", lock.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bytes.subarray(0, clearBytes)).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return { kind: "unsealed", seed: Buffer.concat([decipher.update(hidden), decipher.final()]) };
  } catch {
    // The one thing that `final` says by throwing: the tag does not fit.
    return refused("damaged-or-wrong-secret", "the file was changed, or the passphrase or key is another one");
  }
}

type Lock = { kind: "open"; key: Uint8Array } | Extract<Unsealed, { kind: "refused" }>;

async function openLock(header: Header, by: SealedBy): Promise<Lock> {
  if ((header.kdf === "kms") !== (by.kind === "kms")) {
    return { kind: "refused", code: "other-lock", reason: `the key is sealed by ${header.kdf}, the configuration says ${by.kind}` };
  }
  if (by.kind === "passphrase") return { kind: "open", key: await fromPassphrase(header, by.passphrase) };
  if (header.kdf !== "kms") throw new Error("unreachable: checked above");
  const key = await by.wrapper.unwrap(Buffer.from(header.wrapped, "base64url"));
  return key.length === 32
    ? { kind: "open", key }
    : { kind: "refused", code: "damaged-or-wrong-secret", reason: "the unwrapped key is not 32 bytes" };
}

async function newLock(by: SealedBy, entropy: Entropy): Promise<{ header: Header; key: Uint8Array }> {
  if (by.kind === "kms") {
    const { plain, wrapped } = await by.wrapper.generate();
    return { header: { kdf: "kms", keyId: by.wrapper.keyId, wrapped: Buffer.from(wrapped).toString("base64url") }, key: plain };
  }
  const salt = Buffer.from(entropy.bytes(SALT_BYTES)).toString("base64url");
  const header: Header = by.kdf === "scrypt" ? { kdf: "scrypt", salt, ...SCRYPT } : { kdf: "argon2id", salt, ...ARGON2 };
  return { header, key: await fromPassphrase(header, by.passphrase) };
}

async function fromPassphrase(header: Header, passphrase: Buffer): Promise<Uint8Array> {
  if (header.kdf === "kms") throw new Error("unreachable: a key from KMS has no passphrase");
  const salt = Buffer.from(header.salt, "base64url");
  if (header.kdf === "argon2id") return await deriveKey(passphrase, salt, header);
  const { costLog2, blockSize, lanes } = header;
  const settings = { N: 2 ** costLog2, r: blockSize, p: lanes, maxmem: 2 * scryptBytes(costLog2, blockSize) };
  return await new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, settings, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function readHeader(bytes: Buffer): { kind: "header"; header: Header } | Extract<Unsealed, { kind: "refused" }> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { kind: "refused", code: "not-a-key", reason: "the header is not JSON" };
  }
  const parsed = Header.safeParse(json);
  if (parsed.success) return { kind: "header", header: parsed.data };
  const [first] = parsed.error.issues;
  return {
    kind: "refused",
    code: "parameters-refused",
    reason: `the header's ${first?.path.join(".") || "shape"}: ${first?.message ?? "not allowed"}`,
  };
}
