/**
 * The manifest: what one backup is, signed by who wrote it, written last and once. A backup without its manifest does not
 * exist; with it, everything that a restore needs is named, and nothing has to be listed. It says what the chain was at that
 * point (height, hash, state root), so that a restored node can be judged by it without asking the live ledger.
 *
 * Signed and in clear: whether a copy in another Region is complete must be told without a key. Names of files are not in
 * it; they are in the sealed listings that `root` refers to.
 */
import * as z from "zod";
import { Hash, Height, NodeId, PublicKey, WallMs } from "../../kernel/ids.ts";
import { INDEXES_PER_BACKUP_MAX, PACK_BYTES_MAX, PACKS_PER_BACKUP_MAX } from "./sizes.ts";
import { REFERENCE_DEPTH_MAX, REFERENCE_IDS_MAX, type StreamReference } from "./stream-reference.ts";

const Digest = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in hexadecimal");
/** Who writes: a node's agent, or the control plane. Part of keys, so as narrow as a node's id. */
export const Writer = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/)
  .brand<"Writer">();
export type Writer = z.infer<typeof Writer>;
/** What is backed up, as its backups follow each other: `<node>.directory`, `<fleet>.ledger`. */
export const SourceName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}\.(directory|ledger)$/)
  .brand<"SourceName">();
export type SourceName = z.infer<typeof SourceName>;

const Count = z.int().min(0);

/** The chain as the source knew it at the backup's point; null where the source is a folder of no chain. */
export const ChainPoint = z.strictObject({
  protocol: z.string().min(1).max(32),
  chainId: z.int().min(1),
  genesisHash: Hash,
  height: Height,
  blockHash: Hash,
  stateRoot: Hash.nullable(),
  client: z.string().max(200),
  clientVersion: z.string().max(200),
});
export type ChainPoint = z.infer<typeof ChainPoint>;

export const StreamReferenceJson = z.strictObject({
  lengthBytes: Count,
  depth: z.int().min(0).max(REFERENCE_DEPTH_MAX),
  ids: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(REFERENCE_IDS_MAX),
});

export const Manifest = z.strictObject({
  format: z.literal(1),
  vault: z.string().regex(/^[0-9a-f]{32}$/),
  source: SourceName,
  /** 1, 2, 3 … for a source; also in the object's key. */
  sequence: z.int().min(1).max(999_999_999_999),
  /** SHA-256 of the manifest before, as it is stored; null for the first of a source. */
  parent: Digest.nullable(),
  writer: Writer,
  node: NodeId.nullable(),
  program: z.string().max(100),
  startedAtMs: WallMs,
  writtenAtMs: WallMs,
  /** How the source stood still while it was read. */
  consistency: z.enum(["hook", "stopped-standby", "snapshot", "verified-segments", "files-only"]),
  chain: ChainPoint.nullable(),
  keyring: z.int().min(1),
  counts: z.strictObject({
    files: Count,
    folders: Count,
    others: Count,
    skipped: Count,
    sourceBytes: Count,
    /** Read for this backup; the rest was known to be unchanged. */
    readBytes: Count,
    /** Stored for this backup: packs and indexes. */
    storedBytes: Count,
    newChunks: Count,
    chunks: Count,
  }),
  /** The folder's own; no listing holds them. */
  rootAttributes: z.strictObject({
    mode: z.int().min(0).max(0o7777),
    userId: Count,
    groupId: Count,
    mtimeNs: z.string().regex(/^-?\d{1,20}$/),
  }),
  root: StreamReferenceJson,
  /** RFC 6962 over the ids of all chunks, in the order in which a restore meets them. */
  merkleRoot: Digest,
  indexes: z.array(z.strictObject({ writer: Writer, name: Digest, sizeBytes: Count })).max(INDEXES_PER_BACKUP_MAX),
  packs: z.array(z.strictObject({ writer: Writer, name: Digest, sizeBytes: z.int().min(1).max(PACK_BYTES_MAX) })).max(PACKS_PER_BACKUP_MAX),
});
export type Manifest = z.infer<typeof Manifest>;

/** As stored: the signed bytes, who signed. The key that is trusted comes from elsewhere (the fleet file); this one only says which. */
export const SignedManifest = z.strictObject({ payload: z.string(), signature: z.string().max(512), signer: PublicKey });
export type SignedManifest = z.infer<typeof SignedManifest>;

const SEQUENCE_DIGITS = 12;

export const MANIFESTS_PREFIX = "manifests/";
export const PACKS_PREFIX = "packs/";
export const INDEXES_PREFIX = "indexes/";
export const manifestPrefix = (source: string): string => `${MANIFESTS_PREFIX}${source}/`;
export const manifestKey = (source: string, sequence: number): string =>
  `${manifestPrefix(source)}${String(sequence).padStart(SEQUENCE_DIGITS, "0")}.json`;
export const packPrefix = (writer: string): string => `${PACKS_PREFIX}${writer}/`;
export const packKey = (writer: string, name: string): string => `${packPrefix(writer)}${name.slice(0, 2)}/${name}`;
export const indexPrefix = (writer: string): string => `${INDEXES_PREFIX}${writer}/`;
export const indexKey = (writer: string, name: string): string => `${indexPrefix(writer)}${name}`;

/** Every pack and index that a backup needs. */
export const keysNamedBy = ({ packs, indexes }: Pick<Manifest, "packs" | "indexes">): string[] => [
  ...packs.map(({ writer, name }) => packKey(writer, name)),
  ...indexes.map(({ writer, name }) => indexKey(writer, name)),
];

/** Null for a key that is not a manifest's. */
export function placeOf(key: string): { source: string; sequence: number } | null {
  const [, source, sequence] = /^manifests\/([a-z0-9.-]+)\/(\d{12})\.json$/.exec(key) ?? [];
  return source === undefined ? null : { source, sequence: Number(sequence) };
}

export function referenceJson({ ids, ...reference }: StreamReference): z.infer<typeof StreamReferenceJson> {
  return { ...reference, ids: ids.map((id) => Buffer.from(id).toString("hex")) };
}

export function referenceOf({ ids, ...reference }: z.infer<typeof StreamReferenceJson>): StreamReference {
  return { ...reference, ids: ids.map((id) => Buffer.from(id, "hex")) };
}
