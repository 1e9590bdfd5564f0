/**
 * Proves a stored backup from its bytes alone, without the source: every pack has the digest that names it, every block opens,
 * every chunk is what its id says, and the tree is the one that the manifest signs for.
 */
import { ObjectMissing } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import type { Manifest } from "../../core/backup/vault/manifest.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { PACK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { type Catalogue, loadCatalogue } from "./catalogue.ts";
import { inLanes } from "./in-lanes.ts";
import type { Labour } from "./labour.ts";
import { Memory } from "./memory.ts";
import { StreamReader } from "./stream-reader.ts";
import { readTree } from "./tree-reader.ts";
import { openFromPack } from "./vault-reader.ts";

export type VerifyGiven = {
  readonly stores: readonly VaultStore[];
  readonly keyring: Keyring;
  readonly labour: Labour;
  readonly signal?: AbortSignal;
  /** Told of each pack that was proven. */
  readonly onPack?: (pack: IndexedPack) => void;
};
export type Verified = { readonly packs: number; readonly storedBytes: number; readonly plainBytes: number };

/** Throws the first fault by its name. */
export async function verifyBackup(given: VerifyGiven, manifest: Manifest): Promise<Verified> {
  const { stores, keyring } = given;
  const catalogue = await loadCatalogue(stores, keyring, manifest.indexes);
  const packs = packsOf(manifest, catalogue);
  await readTree(new StreamReader({ stores, keyring, catalogue }), catalogue.table, manifest, async () => {});
  const plainBytes = await openWholePacks(given, catalogue, packs);
  return { packs: packs.length, storedBytes: packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), plainBytes };
}

/** Every block of every pack, several packs at once; resolves to the bytes that were opened. */
export async function openWholePacks(given: VerifyGiven, catalogue: Catalogue, packs: readonly IndexedPack[]): Promise<number> {
  const lanes = given.labour.width + 1;
  const memory = new Memory(PACK_BYTES_MAX, lanes);
  let plainBytes = 0;
  await inLanes(packs, lanes, async (pack) => {
    const everyBlock = pack.blocks.map((_, number) => ({ number, pieces: [] }));
    const opened = await openFromPack({ ...given, catalogue, memory, comparesDigests: true }, pack, everyBlock);
    plainBytes += opened;
    given.onPack?.(pack);
  });
  return plainBytes;
}

/** Those that the manifest names, as its indexes describe them. */
function packsOf(manifest: Manifest, catalogue: Catalogue): IndexedPack[] {
  const known = new Map(catalogue.table.packs.map((pack) => [pack.name, pack]));
  return manifest.packs.map(({ name }) => {
    const pack = known.get(name);
    if (pack === undefined) {
      throw new ObjectMissing({
        object: `pack ${name} of backup ${manifest.sequence} of ${manifest.source}`,
        reason: "none of the backup's indexes names it",
      });
    }
    return pack;
  });
}
