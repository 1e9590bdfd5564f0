/** A vault for tests: fixed keys, labour in place, a clock that is an hour later, so that no file looks as if it was just written. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { publicKeyOf, signingKeyFrom } from "../../adapters/signature-ed25519.ts";
import { type BackupDone, backupDirectory } from "../../adapters/vault/backup-directory.ts";
import type { BackupGiven } from "../../adapters/vault/backup-run.ts";
import type { NamedIndex } from "../../adapters/vault/catalogue.ts";
import type { OpenVault } from "../../adapters/vault/keyrings.ts";
import { type Labour, labourInPlace } from "../../adapters/vault/labour.ts";
import { newestManifest } from "../../adapters/vault/manifests.ts";
import { restoreDirectory } from "../../adapters/vault/restore-directory.ts";
import { memoryVault } from "../../adapters/vault-memory.ts";
import type { ChainPoint, SourceName, Writer } from "../../core/backup/vault/manifest.ts";
import type { Clock, VaultStore } from "../../core/kernel/ports.ts";
import { keyring } from "./vault-objects.ts";

export const privateKey = signingKeyFrom(Buffer.alloc(32, 9));
export const trust = (): string[] => [publicKeyOf(privateKey)];

const HOUR_MS = 3_600_000;
export const laterClock: Clock = {
  wallMs: () => Date.now() + HOUR_MS,
  monotonicMs: () => performance.now(),
  sleep: async () => {},
};

/** Opens the newest backup of n1's directory and puts it at `target`, which is answered. */
export async function restoreNewest(stores: readonly VaultStore[], target: string): Promise<string> {
  const { vault, labour } = testVault();
  const [nearest] = stores;
  const newest = nearest === undefined ? null : await newestManifest(nearest, "n1.directory", vault.keyring.vault, trust);
  if (newest === null) throw new Error("there is no backup of n1's directory");
  await restoreDirectory({ stores, keyring: vault.keyring, labour }, newest.manifest, target);
  return target;
}

/** A new one for each test of the file, removed after it. */
export function temporaryFolder(): () => string {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "synnergy-vault-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return () => folder;
}

export function testVault(): { vault: OpenVault; labour: Labour } {
  return { vault: { keyring, number: 1 }, labour: labourInPlace(keyring) };
}

export function backupGiven(store: VaultStore, clock: Clock = laterClock): BackupGiven {
  return { store, ...testVault(), clock, entropy: systemEntropy(), privateKey, trust };
}

export type Choices = { node?: string; labour?: Labour; verified?: readonly NamedIndex[]; clock?: Clock; chain?: ChainPoint };

export async function backUp(store: VaultStore, folder: string, choices: Choices = {}): Promise<BackupDone> {
  const { vault, labour } = testVault();
  return await backUpWith({ vault, labour: choices.labour ?? labour }, store, folder, choices);
}

/** With the keys of any vault. */
export async function backUpWith(
  { vault, labour }: { vault: OpenVault; labour: Labour },
  store: VaultStore,
  folder: string,
  { node = "n1", verified = [], clock = laterClock, chain }: Choices,
): Promise<BackupDone> {
  return await backupDirectory(
    { ...backupGiven(store, clock), vault, labour },
    {
      folder,
      source: `${node}.directory` as SourceName,
      writer: node as Writer,
      node: null,
      consistency: "files-only",
      chain: chain ?? null,
      fullReread: false,
      newestKnown: 0,
      verified,
      program: "test",
    },
  );
}

/** Takes so many puts and refuses every one after them, as a bucket does for a process that was killed. */
export function dyingStore(store: VaultStore, putsMax: number): VaultStore {
  let puts = 0;
  return {
    ...store,
    put: async (key, bytes, options) => {
      puts += 1;
      if (puts > putsMax) throw new Error(`died at put ${puts}`);
      return await store.put(key, bytes, options);
    },
  };
}

/** A vault with the same objects, whose changes touch no other. */
export async function copyOf(store: VaultStore): Promise<VaultStore> {
  return await replaceObject(store, "", null);
}

/** A copy in which one object has other bytes, or is not there. */
export async function replaceObject(store: VaultStore, key: string, bytes: Buffer | null): Promise<VaultStore> {
  const copy = memoryVault(laterClock);
  for (const object of await store.list("", { limit: 1_000 })) {
    const got = await store.get(object.key, { bytesMax: object.sizeBytes });
    if (got.kind === "found" && object.key !== key) await copy.put(object.key, got.bytes);
  }
  if (bytes !== null) await copy.put(key, bytes);
  return copy;
}
