/**
 * A vault in a folder or a bucket, opened by a passphrase: no fleet, no agent. Whoever has the passphrase may read and write it, so
 * the key that signs its manifests is drawn from the vault's own keys: a manifest that opens was written by somebody who had it.
 */
import { hkdfSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { systemClock } from "../../adapters/clock-system.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import type { SealedBy } from "../../adapters/sealed-key.ts";
import { publicKeyOf, SEED_BYTES, signingKeyFrom } from "../../adapters/signature-ed25519.ts";
import type { BackupGiven } from "../../adapters/vault/backup-run.ts";
import { makeVault, type OpenVault, openVault } from "../../adapters/vault/keyrings.ts";
import { labourOnThreads } from "../../adapters/vault/labour-threads.ts";
import { openFolderVault } from "../../adapters/vault-folder.ts";
import { InputInvalid } from "../../core/kernel/errors.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";

export type LocalVault = Omit<BackupGiven, "signal">;

export const PASSPHRASE_LOCK = "passphrase";

/** What stands in the file, without the line's end that an editor adds. Throws `InputInvalid` for an empty one. */
export async function passphraseFrom(file: string): Promise<SealedBy> {
  const text = await readFile(file).catch((error: unknown) => {
    throw new InputInvalid({ where: "--passphrase-file", faults: [error instanceof Error ? error.message : String(error)] });
  });
  const end = text.findLastIndex((byte) => byte !== 0x0a && byte !== 0x0d) + 1;
  if (end === 0) throw new InputInvalid({ where: file, faults: ["it holds no passphrase"] });
  return { kind: "passphrase", passphrase: Buffer.from(text.subarray(0, end)) };
}

/** A folder, or a bucket as `s3://name`; `endpoint` is an emulator's, or another S3's than AWS's. */
export type VaultPlace = { readonly vault: string; readonly endpoint?: string };
const BUCKET = /^s3:\/\/([a-z0-9.-]{3,63})\/?$/;

async function openStore({ vault, endpoint }: VaultPlace, options: { mustExist: boolean }): Promise<VaultStore> {
  const bucket = BUCKET.exec(vault)?.[1];
  if (bucket !== undefined) return (await import("../../adapters/vault-s3.ts")).s3Vault({ bucket, ...(endpoint === undefined ? {} : { endpoint }) });
  if (!vault.includes("://")) return await openFolderVault(vault, options);
  throw new InputInvalid({ where: "--vault", faults: [`${vault} is neither a folder nor a bucket such as s3://my-vault`] });
}

export async function makeLocalVault(place: VaultPlace, by: SealedBy): Promise<OpenVault> {
  const given = { store: await openStore(place, { mustExist: false }), clock: systemClock(), entropy: systemEntropy() };
  return await makeVault(given, [{ name: PASSPHRASE_LOCK, by }]);
}

/** Close its `labour` afterwards. */
export async function openLocalVault(place: VaultPlace, by: SealedBy): Promise<LocalVault> {
  const store = await openStore(place, { mustExist: true });
  const vault = await openVault(store, by);
  const { keyring } = vault;
  const seed = hkdfSync("sha256", keyring.idKey, keyring.vault, "synnergy-ha/vault/signing/1", SEED_BYTES);
  const privateKey = signingKeyFrom(Buffer.from(seed));
  const trusted = [publicKeyOf(privateKey)];
  return { store, vault, labour: labourOnThreads(keyring), clock: systemClock(), entropy: systemEntropy(), privateKey, trust: () => trusted };
}
