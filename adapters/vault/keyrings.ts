/**
 * Makes, opens and extends a vault's keyring in a store. The key of a keyring is sealed once for each lock, as an agent's key
 * is (`adapters/sealed-key.ts`), so a passphrase has Argon2id's or scrypt's parameters in an authenticated header, refused
 * below the floor and above the ceiling, and a KMS key of any one Region opens it alone.
 */
import { KeyUnknown, ObjectMissing } from "../../core/backup/vault/faults.ts";
import { KEYRING_PREFIX, type Keyring, type Keys, keyringKey, openKeyring, parseKeyring, sealKeyring } from "../../core/backup/vault/keyring.ts";
import { VAULT_ID_BYTES } from "../../core/backup/vault/object-header.ts";
import { KEY_BYTES } from "../../core/backup/vault/sealing.ts";
import { CHUNK_BYTES, KEYRING_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import { InputInvalid } from "../../core/kernel/errors.ts";
import type { Clock, Entropy, VaultStore } from "../../core/kernel/ports.ts";
import { type SealedBy, sealKey, unsealKey } from "../sealed-key.ts";
import { lastKey } from "./listing.ts";

const NONCE_BYTES = 12;

/** `name` says for people which lock it is: `passphrase`, `kms us-east-1`. */
export type NamedLock = { readonly name: string; readonly by: SealedBy };
type Given = { readonly store: VaultStore; readonly clock: Pick<Clock, "wallMs">; readonly entropy: Entropy };
export type OpenVault = { readonly keyring: Keyring; readonly number: number };

/** A new vault in an empty store. Throws `InputInvalid` where there is one. */
export async function makeVault(given: Given, locks: readonly NamedLock[]): Promise<OpenVault> {
  const { clock, entropy } = given;
  const random = (): string => Buffer.from(entropy.bytes(KEY_BYTES)).toString("base64url");
  const keys: Keys = { cutting: random(), ids: random(), epochs: [{ epoch: 1, key: random(), madeAtMs: clock.wallMs() }] };
  const vault = Buffer.from(entropy.bytes(VAULT_ID_BYTES)).toString("hex");
  const made = await writeKeyring(given, { vault, number: 1, keys }, locks);
  if (made === null) throw new InputInvalid({ where: given.store.name, faults: ["there is a vault already; it was left as it is"] });
  return made;
}

/** Opens the newest keyring by the first lock that fits, of those with that name where one is given. Throws `ObjectMissing` where there is no vault, `KeyUnknown` where no lock fits. */
export async function openVault(store: VaultStore, by: SealedBy, lockName?: string): Promise<OpenVault> {
  const number = await newestNumber(store);
  const key = keyringKey(number);
  const object = `${store.name}/${key}`;
  const got = await store.get(key, { bytesMax: KEYRING_BYTES_MAX });
  if (got.kind === "absent") throw new ObjectMissing({ object, reason: "it was there a moment ago" });
  const file = parseKeyring(got.bytes, object);
  const reasons: string[] = [];
  for (const { name, sealed } of file.locks) {
    if (lockName !== undefined && name !== lockName) continue;
    const opened = await unsealKey(Buffer.from(sealed, "base64url"), by);
    if (opened.kind === "unsealed") return { keyring: openKeyring(file, opened.seed, object), number };
    if (opened.code !== "other-lock") reasons.push(`the lock "${name}": ${opened.reason}`);
  }
  throw new KeyUnknown({
    object,
    reason: reasons.join("; ") || `none of its locks (${file.locks.map(({ name }) => name).join(", ")}) is of this kind`,
  });
}

/**
 * The same keys under other locks, and with `newDataKey` a new data key for what is written from now on. No data is written
 * again; what was sealed under an older data key stays readable to whoever ever held it.
 */
export async function rotateKeyring(
  given: Given,
  { keyring, number }: OpenVault,
  locks: readonly NamedLock[],
  newDataKey: boolean,
): Promise<OpenVault> {
  const { clock, entropy } = given;
  const added = { epoch: keyring.epoch + 1, key: Buffer.from(entropy.bytes(KEY_BYTES)).toString("base64url"), madeAtMs: clock.wallMs() };
  const keys = newDataKey ? { ...keyring.keys, epochs: [...keyring.keys.epochs, added] } : keyring.keys;
  const written = await writeKeyring(given, { vault: keyring.vault.toString("hex"), number: number + 1, keys }, locks);
  if (written === null) throw new InputInvalid({ where: given.store.name, faults: [`keyring ${number + 1} was written by somebody else meanwhile`] });
  return written;
}

async function writeKeyring(
  { store, clock, entropy }: Given,
  { vault, number, keys }: { vault: string; number: number; keys: Keys },
  locks: readonly NamedLock[],
): Promise<OpenVault | null> {
  const key = entropy.bytes(KEY_BYTES);
  const sealed = await Promise.all(
    locks.map(async ({ name, by }) => ({ name, sealed: Buffer.from(await sealKey(key, by, entropy)).toString("base64url") })),
  );
  const open = { format: 1, vault, number, writtenAtMs: clock.wallMs(), chunkBytes: CHUNK_BYTES, locks: sealed } as const;
  const bytes = sealKeyring(open, keys, key, entropy.bytes(NONCE_BYTES));
  const name = keyringKey(number);
  if ((await store.put(name, bytes)).kind === "exists") return null;
  return { keyring: openKeyring(parseKeyring(bytes, name), key, name), number };
}

/** Numbers are padded, so the last key is the newest. */
async function newestNumber(store: VaultStore): Promise<number> {
  const newest = await lastKey(store, KEYRING_PREFIX);
  const number = Number(newest?.slice(KEYRING_PREFIX.length, -".json".length));
  if (newest === null || !Number.isInteger(number)) {
    throw new ObjectMissing({ object: `${store.name}/${KEYRING_PREFIX}`, reason: "there is no vault here yet" });
  }
  return number;
}
