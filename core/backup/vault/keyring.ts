/**
 * The vault's keys: one to cut, one to name chunks, and one a time to seal. They stand in a keyring, sealed under a key that is
 * wrapped once for every lock that may open it: KMS in each Region on its own, or a passphrase. A keyring is an object like any
 * other, written once under the next number; the highest number counts. So a lock is added, or a data key rotated, by writing
 * one small object, and no data is written again. What stays for the vault's life: the cutting key and the id key, without
 * which nothing would be found again.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import * as z from "zod";
import { faultsOf } from "../../kernel/errors.ts";
import { WallMs } from "../../kernel/ids.ts";
import { type GearTable, gearTable } from "./chunking.ts";
import { FormatUnknown, KeyUnknown, ObjectCorrupt } from "./faults.ts";
import { type ObjectPurpose, objectKey, TAG_BYTES } from "./sealing.ts";
import { CHUNK_BYTES } from "./sizes.ts";

const NONCE_BYTES = 12;
const CONTEXT = "synnergy-ha/keyring/1\n";
const Base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const Key = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "32 bytes in base64url");

/** One way to the keyring's key: `sealed` is a sealed key as `adapters/sealed-key.ts` writes it, parameters and all. */
export const Lock = z.strictObject({ name: z.string().min(1).max(200), sealed: Base64Url.max(8_192) });
export type Lock = z.infer<typeof Lock>;

export const KeyringFile = z.strictObject({
  format: z.literal(1),
  vault: z.string().regex(/^[0-9a-f]{32}$/),
  number: z.int().min(1).max(99_999_999),
  writtenAtMs: WallMs,
  chunkBytes: z.strictObject({ min: z.literal(CHUNK_BYTES.min), average: z.literal(CHUNK_BYTES.average), max: z.literal(CHUNK_BYTES.max) }),
  locks: z.array(Lock).min(1).max(16),
  keys: Base64Url.max(100_000),
});
export type KeyringFile = z.infer<typeof KeyringFile>;

export const Keys = z.strictObject({
  cutting: Key,
  ids: Key,
  epochs: z
    .array(z.strictObject({ epoch: z.int().min(1).max(100_000), key: Key, madeAtMs: WallMs }))
    .min(1)
    .max(1_000),
});
export type Keys = z.infer<typeof Keys>;

export const keyringKey = (number: number): string => `keyring/${String(number).padStart(8, "0")}.json`;
export const KEYRING_PREFIX = "keyring/";

export function sealKeyring(open: Omit<KeyringFile, "keys">, keys: Keys, key: Uint8Array, nonce: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(authenticated(open));
  const sealed = Buffer.concat([nonce, cipher.update(JSON.stringify(keys), "utf8"), cipher.final(), cipher.getAuthTag()]);
  const file: KeyringFile = { ...open, keys: sealed.toString("base64url") };
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`, "utf8");
}

export function parseKeyring(bytes: Uint8Array, object: string): KeyringFile {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ObjectCorrupt({ object, reason: "it is not JSON" });
  }
  const version = z.looseObject({ format: z.number() }).safeParse(json);
  if (version.success && version.data.format !== 1) throw new FormatUnknown({ object, reason: `a keyring of format ${version.data.format}` });
  const parsed = KeyringFile.safeParse(json);
  if (!parsed.success) throw new ObjectCorrupt({ object, reason: faultsOf(parsed.error).slice(0, 3).join("; ") });
  return parsed.data;
}

/** Throws `KeyUnknown` where the key is another, `ObjectCorrupt` where what it opens is not a set of keys. */
export function openKeyring({ keys: sealed, ...open }: KeyringFile, key: Uint8Array, object: string): Keyring {
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new ObjectCorrupt({ object, reason: "its keys are too short" });
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(authenticated(open)).setAuthTag(bytes.subarray(-TAG_BYTES));
  const hidden = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    // The one thing that `final` says by throwing: the tag does not fit.
    throw new KeyUnknown({ object, reason: "its lock opened, its keys do not: the keyring was changed" });
  }
  const keys = Keys.safeParse(JSON.parse(hidden.toString("utf8")));
  if (!keys.success) throw new ObjectCorrupt({ object, reason: faultsOf(keys.error).slice(0, 3).join("; ") });
  return new Keyring(open.vault, keys.data);
}

/** Field by field in one order, so that it is the same text however the file was laid out. */
function authenticated({ format, vault, number, writtenAtMs, chunkBytes, locks }: Omit<KeyringFile, "keys">): Buffer {
  const lengths = [chunkBytes.min, chunkBytes.average, chunkBytes.max];
  const opens = locks.map(({ name, sealed }) => [name, sealed]);
  return Buffer.from(CONTEXT + JSON.stringify([format, vault, number, writtenAtMs, lengths, opens]), "utf8");
}

/** The keys, ready for use. */
export class Keyring {
  readonly vault: Buffer;
  readonly keys: Keys;
  readonly gear: GearTable;
  readonly idKey: KeyObject;
  /** The newest epoch: what is written now is sealed under it. */
  readonly epoch: number;
  private readonly dataKeys: ReadonlyMap<number, Buffer>;

  constructor(vault: string, keys: Keys) {
    this.vault = Buffer.from(vault, "hex");
    this.keys = keys;
    this.gear = gearTable(Buffer.from(keys.cutting, "base64url"));
    this.idKey = createSecretKey(Buffer.from(keys.ids, "base64url"));
    this.dataKeys = new Map(keys.epochs.map(({ epoch, key }) => [epoch, Buffer.from(key, "base64url")]));
    this.epoch = Math.max(...this.dataKeys.keys());
  }

  /** Throws `KeyUnknown` for an epoch that this keyring never had. */
  keyOf(purpose: ObjectPurpose, { epoch, salt }: { epoch: number; salt: Uint8Array }, object: string): Buffer {
    const dataKey = this.dataKeys.get(epoch);
    if (dataKey === undefined)
      throw new KeyUnknown({ object, reason: `it is sealed under epoch ${epoch}, the keyring has ${[...this.dataKeys.keys()].join(", ")}` });
    return objectKey(dataKey, salt, purpose);
  }
}
