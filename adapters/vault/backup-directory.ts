/**
 * One backup of a directory into a vault: what has not changed since the backup before is referred to, the rest is read and
 * stored, and at the very end one signed manifest makes it a backup. Whatever ends it earlier leaves packs behind that the next
 * run finds and refers to, and no half backup.
 */
import type { KeyObject } from "node:crypto";
import type { Attributes, Skipped } from "../../core/backup/directory/entry.ts";
import type { IndexedPack } from "../../core/backup/vault/index.ts";
import { type ChainPoint, idsOf, Manifest, type SourceName, type Writer } from "../../core/backup/vault/manifest.ts";
import { InputInvalid } from "../../core/kernel/errors.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { Clock, Entropy, VaultStore } from "../../core/kernel/ports.ts";
import { walkDirectory } from "../directory/walk.ts";
import { type Catalogue, listIndexes, loadUsable, type NamedIndex } from "./catalogue.ts";
import type { OpenVault } from "./keyrings.ts";
import type { Labour } from "./labour.ts";
import { newestManifest, type StoredManifest, type Trust, writeManifest } from "./manifests.ts";
import { PreviousTree } from "./previous-tree.ts";
import { StreamReader } from "./stream-reader.ts";
import { TreeWriter, type TreeWriterGiven } from "./tree-writer.ts";
import { VaultWriter, type Written } from "./vault-writer.ts";

export type BackupGiven = {
  readonly store: VaultStore;
  readonly vault: OpenVault;
  readonly labour: Labour;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly privateKey: KeyObject;
  readonly trust: Trust;
  readonly signal?: AbortSignal;
  /** Told of every file as it is done. */
  readonly onFile?: NonNullable<TreeWriterGiven["onFile"]>;
};
export type BackupOrder = {
  readonly folder: string;
  readonly source: SourceName;
  readonly writer: Writer;
  readonly node: NodeId | null;
  readonly consistency: Manifest["consistency"];
  readonly chain: ChainPoint | null;
  readonly fullReread: boolean;
  /** The newest backup that somebody outside the vault remembers; 0 where nobody does. */
  readonly newestKnown: number;
  /** Indexes of other writers whose packs were verified independently. */
  readonly verified: readonly NamedIndex[];
  readonly program: string;
};
/** `faults` are what was found wrong with earlier backups on the way: what they held was read and stored again. */
export type BackupDone = { readonly manifest: Manifest; readonly skipped: readonly Skipped[]; readonly faults: readonly Error[] };

/** Throws `InputInvalid` where another run has written the next backup of this source meanwhile. */
export async function backupDirectory(given: BackupGiven, order: BackupOrder): Promise<BackupDone> {
  const { store, vault, labour, clock, entropy, trust } = given;
  const { keyring } = vault;
  const startedAtMs = clock.wallMs();
  const previous = await newestManifest(store, order.source, keyring.vault, trust, order.newestKnown);
  const { catalogue, faults } = await loadUsable([store], keyring, await usableIndexes(store, order, previous));
  const writer = new VaultWriter({ store, keyring, writer: order.writer, known: catalogue.table, labour, entropy });
  const tree = new TreeWriter({ ...given, writer, fullReread: order.fullReread, previous: previousTree(given, catalogue, previous) });
  const walked = await walkDirectory(order.folder, tree, { width: writer.width, ...(given.signal ? { signal: given.signal } : {}) });
  const written = await writer.finish();
  const { files, folders, symlinks, hardlinks, bytes } = walked.counts;
  const manifest = Manifest.parse({
    format: 1,
    vault: keyring.vault.toString("hex"),
    source: order.source,
    sequence: (previous?.manifest.sequence ?? 0) + 1,
    parent: previous?.digest ?? null,
    writer: order.writer,
    node: order.node,
    program: order.program,
    startedAtMs,
    writtenAtMs: clock.wallMs(),
    consistency: order.consistency,
    chain: order.chain,
    keyring: vault.number,
    counts: {
      files,
      folders,
      others: symlinks + hardlinks,
      skipped: walked.skipped.length,
      sourceBytes: bytes,
      readBytes: tree.readBytes,
      storedBytes: written.storedBytes,
      newChunks: written.newChunks,
      chunks: tree.chunks,
    },
    rootAttributes: attributesJson(walked.attributes),
    root: { ...walked.root.reference, ids: walked.root.reference.ids.map((id) => Buffer.from(id).toString("hex")) },
    merkleRoot: Buffer.from(walked.root.root).toString("hex"),
    ...objectsOf(order.writer, written, writer.reusedPacks, catalogue),
  });
  if ((await writeManifest(store, manifest, given.privateKey)) === "exists") {
    throw new InputInvalid({
      where: `${store.name}, source ${order.source}`,
      faults: [`backup ${manifest.sequence} was written by another run meanwhile`],
    });
  }
  return { manifest, skipped: walked.skipped, faults: [...faults, ...tree.faults] };
}

/** Our own, the ones of runs that died too; others' only where they were verified. */
async function usableIndexes(store: VaultStore, order: BackupOrder, previous: StoredManifest | null): Promise<NamedIndex[]> {
  const own = await listIndexes(store, order.writer);
  const named = (previous?.manifest.indexes ?? []).filter(({ writer }) => writer === order.writer);
  const all = [...own, ...named, ...order.verified];
  return [...new Map(all.map((index) => [`${index.writer}/${index.name}`, index])).values()];
}

function previousTree({ store, vault }: BackupGiven, catalogue: Catalogue, previous: StoredManifest | null): TreeWriterGiven["previous"] {
  if (previous === null) return null;
  const { root, startedAtMs } = previous.manifest;
  const reader = new StreamReader({ stores: [store], keyring: vault.keyring, catalogue });
  return { tree: new PreviousTree(reader, { ...root, ids: idsOf(root) }), reader, startedAtMs };
}

type Objects = Pick<Manifest, "indexes" | "packs">;

/** What this backup needs: the packs of this run and those it refers to, and the indexes that name them. */
function objectsOf(writer: Writer, written: Written, reused: ReadonlySet<number>, { table, indexOf, writerOf }: Catalogue): Objects {
  const packs = [...reused].map((number) => table.packs[number] as IndexedPack);
  const indexes = new Map(packs.map(indexOf).map((index) => [`${index.writer}/${index.name}`, index]));
  const named = (pack: IndexedPack, by: string) => ({ writer: by as Writer, name: pack.name, sizeBytes: pack.sizeBytes });
  return {
    indexes: [...written.indexes.map((index) => ({ writer, ...index })), ...indexes.values()].map((index) => ({
      ...index,
      writer: index.writer as Writer,
    })),
    packs: [...written.packs.map((pack) => named(pack, writer)), ...packs.map((pack) => named(pack, writerOf(pack)))],
  };
}

const attributesJson = ({ mode, userId, groupId, mtimeNs }: Attributes) => ({ mode, userId, groupId, mtimeNs: String(mtimeNs) });
