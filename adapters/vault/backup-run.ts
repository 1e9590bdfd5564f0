/**
 * What every backup begins and ends with, whatever its source: the backup before and what the vault holds are looked up, and
 * at the very end one signed manifest makes a backup of what was written. Whatever ends a run earlier leaves packs behind that
 * the next one finds and refers to, and no half backup.
 */
import type { KeyObject } from "node:crypto";
import type { Attributes } from "../../core/backup/directory/entry.ts";
import type { Content } from "../../core/backup/directory/listing-format.ts";
import { keysNamedBy, Manifest, PACKS_PREFIX, packPrefix, referenceJson, type SourceName, type Writer } from "../../core/backup/vault/manifest.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { decideCompletion, MANIFEST_MS_MAX } from "../../core/backup/vault/sweep.ts";
import { BackupOvertaken, InputInvalid } from "../../core/kernel/errors.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { Clock, Entropy, VaultStore } from "../../core/kernel/ports.ts";
import { type Catalogue, distinctIndexes, listIndexes, loadUsable, type NamedIndex } from "./catalogue.ts";
import type { OpenVault } from "./keyrings.ts";
import type { Labour } from "./labour.ts";
import { listAll } from "./listing.ts";
import { newestManifest, type StoredManifest, type Trust, writeManifest } from "./manifests.ts";
import { StreamReader } from "./stream-reader.ts";
import { readCondemned } from "./sweep-vault.ts";
import { VaultWriter, type Written } from "./vault-writer.ts";

/** What a run that only stores needs; it cannot sign. */
export type RunGiven = {
  readonly store: VaultStore;
  readonly vault: OpenVault;
  readonly labour: Labour;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly trust: Trust;
  readonly signal?: AbortSignal;
};
export type BackupGiven = RunGiven & { readonly privateKey: KeyObject };
export type BackupOrder = {
  readonly source: SourceName;
  readonly writer: Writer;
  readonly node: NodeId | null;
  /** The newest backup that somebody outside the vault remembers; 0 where nobody does. */
  readonly newestKnown: number;
  /** Indexes of other writers whose packs were verified independently. */
  readonly verified: readonly NamedIndex[];
  readonly program: string;
};
/** What only the source knows. */
export type BackupFacts = Pick<Manifest, "consistency" | "chain"> & {
  readonly root: Content;
  readonly attributes: Attributes;
  readonly counts: Omit<Manifest["counts"], "storedBytes" | "newChunks">;
  /** Stored for this backup by runs before this one, which only completes it. */
  readonly byOthers?: Pick<Written, "storedBytes" | "newChunks">;
};

export type VaultRun = {
  readonly startedAtMs: number;
  readonly previous: StoredManifest | null;
  readonly catalogue: Catalogue;
  readonly reader: StreamReader;
  readonly writer: VaultWriter;
  /** What was found wrong with earlier backups: what they held is read and stored again. */
  readonly faults: readonly Error[];
  /** Whether a sweep had condemned an object when the run began: it is used no more. */
  isCondemned(key: string): boolean;
};
export type BackupRun = VaultRun & {
  /** Throws `InputInvalid` where another run has written the next backup of this source meanwhile. */
  complete(facts: BackupFacts): Promise<Manifest>;
};

const NOTHING = { storedBytes: 0, newChunks: 0 } as const;

export async function beginRun(given: RunGiven, order: BackupOrder): Promise<VaultRun> {
  const { store, vault, labour, clock, entropy, trust } = given;
  const { keyring } = vault;
  const startedAtMs = clock.wallMs();
  const previous = await newestManifest(store, order.source, keyring.vault, trust, order.newestKnown);
  const condemned = new Set((await readCondemned(store)).map(({ key }) => key));
  const isCondemned = (key: string): boolean => condemned.has(key);
  const indexes = await usableIndexes(store, order, previous);
  const stored = await packsOf(store, indexes);
  const isLost = (key: string): boolean => isCondemned(key) || (key.startsWith(PACKS_PREFIX) && !stored.has(key));
  const { catalogue, faults } = await loadUsable([store], keyring, indexes, isLost);
  const writer = new VaultWriter({ store, keyring, writer: order.writer, known: catalogue.table, labour, entropy });
  return { startedAtMs, previous, catalogue, reader: new StreamReader({ stores: [store], keyring, catalogue }), writer, faults, isCondemned };
}

export async function beginBackup(given: BackupGiven, order: BackupOrder): Promise<BackupRun> {
  const run = await beginRun(given, order);
  return { ...run, complete: (facts) => complete(given, order, run, facts) };
}

async function complete(given: BackupGiven, order: BackupOrder, run: VaultRun, facts: BackupFacts): Promise<Manifest> {
  const { store, vault, clock } = given;
  const { previous, writer } = run;
  const { root, attributes, counts, consistency, chain, byOthers = NOTHING } = facts;
  const written = await writer.finish();
  const { mode, userId, groupId, mtimeNs } = attributes;
  const manifest = Manifest.parse({
    format: 1,
    vault: vault.keyring.vault.toString("hex"),
    source: order.source,
    sequence: (previous?.manifest.sequence ?? 0) + 1,
    parent: previous?.digest ?? null,
    writer: order.writer,
    node: order.node,
    program: order.program,
    startedAtMs: run.startedAtMs,
    writtenAtMs: clock.wallMs(),
    consistency,
    chain,
    keyring: vault.number,
    counts: { ...counts, storedBytes: written.storedBytes + byOthers.storedBytes, newChunks: written.newChunks + byOthers.newChunks },
    rootAttributes: { mode, userId, groupId, mtimeNs: String(mtimeNs) },
    root: referenceJson(root.reference),
    merkleRoot: Buffer.from(root.root).toString("hex"),
    ...objectsOf(order.writer, written, writer.reusedPacks, run.catalogue),
  });
  // From the look at the sweeps on: a manifest that came later would not be seen by the next removal.
  const signal = AbortSignal.timeout(MANIFEST_MS_MAX);
  await refuseSwept(given, run, manifest);
  const outcome = await writeManifest(store, manifest, given.privateKey, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    throw new BackupOvertaken({ reason: `its manifest was not stored within ${MANIFEST_MS_MAX / 1_000} s of its last look at the sweeps` });
  });
  if (outcome === "written") return manifest;
  throw new InputInvalid({
    where: `${store.name}, source ${order.source}`,
    faults: [`backup ${manifest.sequence} was written by another run meanwhile`],
  });
}

async function refuseSwept({ store, clock }: RunGiven, { startedAtMs }: VaultRun, { packs, indexes }: Manifest): Promise<void> {
  const refers = new Set(keysNamedBy({ packs, indexes }));
  const decided = decideCompletion({ begunAtMs: startedAtMs, nowMs: clock.wallMs(), refers, condemned: await readCondemned(store) });
  if (decided.kind === "give-up") throw new BackupOvertaken({ reason: decided.reason });
}

/** Our own, the ones of runs that died too; others' only where they were verified, now or when the backup before referred to them. */
async function usableIndexes(store: VaultStore, order: BackupOrder, previous: StoredManifest | null): Promise<NamedIndex[]> {
  const own = await listIndexes(store, order.writer);
  return distinctIndexes([...own, ...(previous?.manifest.indexes ?? []), ...order.verified]);
}

/**
 * What is there of the packs that these indexes name. Looked at after what is condemned was read: a sweep removes a pack and keeps the
 * index that names it as long as a backup needs another pack of that index.
 */
async function packsOf(store: VaultStore, indexes: readonly NamedIndex[]): Promise<ReadonlySet<string>> {
  const stored = new Set<string>();
  for (const writer of new Set(indexes.map((index) => index.writer))) {
    for await (const { key } of listAll(store, packPrefix(writer))) stored.add(key);
  }
  return stored;
}

type Objects = Pick<Manifest, "indexes" | "packs">;

/** What this backup needs: the packs of this run and those it refers to, and the indexes that name them. */
function objectsOf(writer: Writer, written: Written, reused: ReadonlySet<number>, { table, indexOf }: Catalogue): Objects {
  const packs = [...reused].map((number) => table.packs[number] as IndexedPack);
  const named = (object: { name: string; sizeBytes: number }, by: string) => ({
    writer: by as Writer,
    name: object.name,
    sizeBytes: object.sizeBytes,
  });
  return {
    indexes: [
      ...written.indexes.map((index) => named(index, writer)),
      ...distinctIndexes(packs.map(indexOf)).map((index) => named(index, index.writer)),
    ],
    packs: [...written.packs.map((pack) => named(pack, writer)), ...packs.map((pack) => named(pack, indexOf(pack).writer))],
  };
}
