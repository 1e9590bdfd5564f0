/**
 * Regions of a vault whose packs are noise under its own digest: an audit opens nothing, so they need not be sealed. Manifests are
 * signed and keyrings have their shape. What is put where, and in which state, is the test's to choose.
 */
import { publicKeyOf, seal, signingKeyFrom } from "../../adapters/signature-ed25519.ts";
import type { Replica } from "../../adapters/vault/replicas.ts";
import { memoryVault } from "../../adapters/vault-memory.ts";
import { keyringKey, sealKeyring } from "../../core/backup/vault/keyring.ts";
import { indexKey, Manifest, manifestKey, packKey } from "../../core/backup/vault/manifest.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import { CONTEXT } from "../../core/kernel/agent-protocol.ts";
import { VaultUnavailable } from "../../core/kernel/errors.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { noise } from "./noise.ts";
import { settableClock } from "./settable-clock.ts";
import { VAULT } from "./vault-objects.ts";

const privateKey = signingKeyFrom(Buffer.alloc(32, 9));

export type Made = { readonly key: string; readonly bytes: Buffer };

export function packMade(seed: number, sizeBytes = 100 + seed): Made {
  const bytes = noise(`pack ${seed}`, sizeBytes);
  return { key: packKey("n1", objectName(bytes)), bytes };
}

export function indexMade(seed: number): Made {
  const bytes = noise(`index ${seed}`, 50 + seed);
  return { key: indexKey("n1", objectName(bytes)), bytes };
}

export function keyringMade(number: number, vault = VAULT, writtenAtMs = 0): Made {
  const locks = [{ name: "passphrase", sealed: "AAAA" }];
  const chunkBytes = { min: 16_384, average: 32_768, max: 131_072 } as const;
  const keys = { cutting: "A".repeat(43), ids: "A".repeat(43), epochs: [{ epoch: 1, key: "A".repeat(43), madeAtMs: 0 }] };
  const bytes = sealKeyring({ format: 1, vault, number, writtenAtMs, chunkBytes, locks }, keys, Buffer.alloc(32, 1), Buffer.alloc(12));
  return { key: keyringKey(number), bytes };
}

type Choices = { source?: string; sequence: number; packs: readonly Made[]; indexes: readonly Made[]; keyring?: number; writtenAtMs?: number };

export function manifestMade({ source = "n1.directory", sequence, packs, indexes, keyring = 1, writtenAtMs = sequence }: Choices): Made {
  const named = ({ key, bytes }: Made) => ({ writer: "n1", name: key.slice(key.lastIndexOf("/") + 1), sizeBytes: bytes.length });
  const digest = "0".repeat(64);
  const manifest = Manifest.parse({
    format: 1,
    vault: VAULT,
    source,
    sequence,
    parent: null,
    writer: "n1",
    node: null,
    program: "test",
    startedAtMs: 0,
    writtenAtMs,
    consistency: "files-only",
    chain: null,
    keyring,
    counts: { files: 0, folders: 0, others: 0, skipped: 0, sourceBytes: 0, readBytes: 0, storedBytes: 0, newChunks: 0, chunks: 0 },
    rootAttributes: { mode: 0o755, userId: 0, groupId: 0, mtimeNs: "0" },
    root: { lengthBytes: 0, depth: 0, ids: [] },
    merkleRoot: digest,
    indexes: indexes.map(named),
    packs: packs.map(named),
  });
  const signed = { ...seal(CONTEXT.manifest, manifest, privateKey), signer: publicKeyOf(privateKey) };
  return { key: manifestKey(source, sequence), bytes: Buffer.from(JSON.stringify(signed), "utf8") };
}

export function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[bytes.length >> 1] = (changed[bytes.length >> 1] as number) ^ 1;
  return changed;
}

/** A Region that remembers what was written, with a clock of its own for when. */
export type RegionForTest = Replica & { readonly clock: ReturnType<typeof settableClock>; readonly puts: Made[]; silence(isSilent: boolean): void };

export function regionForTest(region: string): RegionForTest {
  const clock = settableClock();
  const store = memoryVault(clock, `s3://${region}`);
  const puts: Made[] = [];
  let isSilent = false;
  const unlessSilent = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    if (isSilent) throw new VaultUnavailable({ vault: store.name, action, cause: new Error("connection refused") });
    return await work();
  };
  const watched: VaultStore = {
    name: store.name,
    place: store.place,
    put: (key, bytes, options) =>
      unlessSilent(`store ${key}`, async () => {
        const outcome = await store.put(key, bytes, options);
        if (outcome.kind === "written") puts.push({ key, bytes: Buffer.from(bytes) });
        return outcome;
      }),
    get: (key, options) => unlessSilent(`give ${key}`, () => store.get(key, options)),
    list: (prefix, options) => unlessSilent(`list ${prefix}`, () => store.list(prefix, options)),
    remove: (key) => store.remove(key),
    extendLock: (key, untilMs) => store.extendLock(key, untilMs),
  };
  return {
    region,
    store: watched,
    clock,
    puts,
    silence: (silent) => {
      isSilent = silent;
    },
  };
}

export async function putAll(store: VaultStore, objects: readonly Made[]): Promise<void> {
  for (const { key, bytes } of objects) await store.put(key, bytes);
}

export async function bytesIn(store: VaultStore, key: string): Promise<Buffer | null> {
  const got = await store.get(key, { bytesMax: 1_000_000 });
  return got.kind === "found" ? got.bytes : null;
}
