/**
 * Reads, writes and finds manifests. A manifest is written last and only once under its number: of two runs of one source only
 * one can make the next backup. What is read is checked against who may sign, where it stands and what is known to be newest,
 * so that an older, foreign or exchanged manifest has its own name.
 */
import type { KeyObject } from "node:crypto";
import { ObjectCorrupt, ObjectForeign, ObjectMissing, ObjectTruncated, VaultRolledBack } from "../../core/backup/vault/faults.ts";
import { MANIFESTS_PREFIX, Manifest, manifestKey, manifestPrefix, placeOf, SignedManifest } from "../../core/backup/vault/manifest.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import { MANIFEST_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import { CONTEXT } from "../../core/kernel/agent-protocol.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { openSigned, publicKeyOf, seal } from "../signature-ed25519.ts";
import { listAll } from "./listing.ts";

/** Small objects: the time goes into waiting for a bucket. */
const AT_ONCE = 8;

export type StoredManifest = { readonly manifest: Manifest; readonly digest: string; readonly key: string };
/** For each writer the public keys that may sign for it: known from the fleet file, never from the vault. */
export type Trust = (writer: string) => readonly string[];

export async function writeManifest(
  store: VaultStore,
  manifest: Manifest,
  privateKey: KeyObject,
  signal: AbortSignal,
): Promise<"written" | "exists"> {
  const signed: SignedManifest = { ...seal(CONTEXT.manifest, manifest, privateKey), signer: publicKeyOf(privateKey) };
  const bytes = Buffer.from(JSON.stringify(signed), "utf8");
  return (await store.put(manifestKey(manifest.source, manifest.sequence), bytes, { signal })).kind;
}

export async function readManifest(store: VaultStore, source: string, sequence: number, vault: Uint8Array, trust: Trust): Promise<StoredManifest> {
  const key = manifestKey(source, sequence);
  const object = `${store.name}/${key}`;
  const got = await store.get(key, { bytesMax: MANIFEST_BYTES_MAX });
  if (got.kind === "absent") throw new ObjectMissing({ object, reason: "no such backup is in this vault" });
  const signed = parse(got.bytes, object);
  const opened = openSigned(CONTEXT.manifest, signed, signed.signer, Manifest);
  if (opened.kind !== "opened") throw new ObjectCorrupt({ object, reason: opened.reason });
  const manifest = opened.value;
  if (!trust(manifest.writer).includes(signed.signer))
    throw new ObjectForeign({ object, reason: `${signed.signer} may not sign for ${manifest.writer}` });
  if (manifest.vault !== Buffer.from(vault).toString("hex")) throw new ObjectForeign({ object, reason: `it belongs to vault ${manifest.vault}` });
  if (manifest.source !== source) throw new ObjectForeign({ object, reason: `it is a backup of ${manifest.source}` });
  if (manifest.sequence < sequence) throw new VaultRolledBack({ object, reason: `it holds backup ${manifest.sequence} in the place of ${sequence}` });
  if (manifest.sequence > sequence) throw new ObjectForeign({ object, reason: `it holds backup ${manifest.sequence} in the place of ${sequence}` });
  return { manifest, digest: objectName(got.bytes), key };
}

/** The numbers of a source's backups, oldest first. */
export async function listSequences(store: VaultStore, source: string): Promise<number[]> {
  const sequences: number[] = [];
  for await (const { key } of listAll(store, manifestPrefix(source))) {
    const place = placeOf(key);
    if (place !== null) sequences.push(place.sequence);
  }
  return sequences;
}

/** Of all sources, in their keys' order. Throws the fault of one that is wrong. */
export async function* readEveryManifest(store: VaultStore, vault: Uint8Array, trust: Trust): AsyncGenerator<StoredManifest> {
  const keys = await Array.fromAsync(listAll(store, MANIFESTS_PREFIX), ({ key }) => key);
  const places = keys.flatMap((key) => placeOf(key) ?? []);
  for (let start = 0; start < places.length; start += AT_ONCE) {
    const some = places.slice(start, start + AT_ONCE);
    yield* await Promise.all(some.map(({ source, sequence }) => readManifest(store, source, sequence, vault, trust)));
  }
}

/** The newest backup of a source, or null. `newestKnown` is what somebody outside the vault remembers; less is a roll-back. */
export async function newestManifest(
  store: VaultStore,
  source: string,
  vault: Uint8Array,
  trust: Trust,
  newestKnown = 0,
): Promise<StoredManifest | null> {
  const newest = (await listSequences(store, source)).at(-1) ?? 0;
  if (newest < newestKnown) {
    throw new VaultRolledBack({
      object: `${store.name}/${manifestPrefix(source)}`,
      reason: `its newest backup is ${newest}, ${newestKnown} is known to have been written`,
    });
  }
  return newest === 0 ? null : await readManifest(store, source, newest, vault, trust);
}

function parse(bytes: Buffer, object: string): SignedManifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // One JSON object begins with { and ends with }: an early end is told from other damage.
    const whole = bytes.at(-1) === "}".charCodeAt(0);
    throw whole ? new ObjectCorrupt({ object, reason: "it is not JSON" }) : new ObjectTruncated({ object, reason: "its JSON does not end" });
  }
  const parsed = SignedManifest.safeParse(json);
  if (!parsed.success) throw new ObjectCorrupt({ object, reason: "it is not a signed manifest" });
  return parsed.data;
}
