/** A vault is proven in calls of any size that come to an end, and what one writer stored serves another only when it was opened. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { signingKeyFrom } from "../../../adapters/signature-ed25519.ts";
import { listIndexes, loadUsable } from "../../../adapters/vault/catalogue.ts";
import { newestManifest, writeManifest } from "../../../adapters/vault/manifests.ts";
import { readProofs, writeProof } from "../../../adapters/vault/proofs.ts";
import { proveVault } from "../../../adapters/vault/prove-vault.ts";
import { verifiedIndexes } from "../../../adapters/vault/verified-indexes.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { indexKey, packKey, type Writer } from "../../../core/backup/vault/manifest.ts";
import { encodeIndex, type IndexedPack } from "../../../core/backup/vault/pack-index.ts";
import type { Clock, VaultStore } from "../../../core/kernel/ports.ts";
import { noise } from "../../support/noise.ts";
import { backUp, temporaryFolder, testVault, trust } from "../../support/vault.ts";
import { packOf } from "../../support/vault-objects.ts";

const DAY_MS = 86_400_000;
const { vault, labour } = testVault();
const { keyring } = vault;
const folder = temporaryFolder();
let source: string;
let store: VaultStore;
let nowMs = 0;
const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {} };
const given = (facts: object = {}) => ({
  store,
  keyring,
  labour,
  trust,
  clock,
  by: "control-plane",
  periodMs: 30 * DAY_MS,
  everyMs: DAY_MS,
  ...facts,
});

beforeEach(async () => {
  nowMs = Date.now() + DAY_MS;
  source = join(folder(), "source");
  await mkdir(source);
  store = memoryVault(clock);
});

/** Each adds a pack of its own to those of the days before. */
async function days(names: readonly string[], node = "n1"): Promise<void> {
  for (const name of names) {
    nowMs += DAY_MS + 1;
    await writeFile(join(source, name), noise(name, 200_000));
    await backUp(store, source, { clock, node });
  }
}

/** Calls until nothing is left, as the workflow does. */
async function proveAll(facts: object, callsMax = 20) {
  const sinceMs = nowMs;
  for (let calls = 1; calls <= callsMax; calls += 1) {
    nowMs += 1_000;
    const { backups, leftBytes, known } = await proveVault(given({ bytesMax: 1, sinceMs, ...facts }));
    if (leftBytes === 0) return { calls, backups, known };
  }
  throw new Error(`it does not end within ${callsMax} calls`);
}

describe("proving a few bytes at a time", () => {
  it("opens at least one pack a call, and proves a backup when all of its packs were opened, not before", async () => {
    await days(["one", "two", "three"]);
    const manifests = [1, 2, 3].map((sequence) => `n1.directory/${sequence}`);
    const left: number[] = [];
    for (let call = 1; left.at(-1) !== 0; call += 1) {
      nowMs += 1;
      const { backups, leftBytes } = await proveVault(given({ bytesMax: 1 }));
      left.push(leftBytes);
      expect((await readProofs(store)).provenAtMs.size).toBe(call);
      expect(backups.every((backup) => manifests.includes(backup))).toBe(true);
      const newest = await newestManifest(store, "n1.directory", keyring.vault, trust);
      const { provenAtMs, backups: proven } = await readProofs(store);
      expect(proven.has("n1.directory/3")).toBe(newest?.manifest.packs.every(({ name }) => provenAtMs.has(name)));
    }
    expect(left).toEqual(left.toSorted((one, other) => other - one));
    expect(left).toHaveLength(3);
    expect([...(await readProofs(store)).backups].toSorted()).toEqual(manifests);
  });

  it("ends although the share of old packs is larger than what one call opens", async () => {
    await days(["one", "two", "three", "four"]);
    await proveVault(given());
    await days(["five"]);
    expect((await proveAll({ periodMs: 30 * DAY_MS, everyMs: 29 * DAY_MS })).calls).toBeLessThanOrEqual(5);
    await days(["six"]);
    expect(await proveAll({ periodMs: 30 * DAY_MS, everyMs: 15 * DAY_MS })).toMatchObject({ calls: 1, backups: ["n1.directory/6"] });
  });

  it("ends where backups are rarer than proofs may be old, with each pack opened once", async () => {
    await days(["one", "two", "three"]);
    await proveVault(given());
    await days(["four"]);
    expect((await proveAll({ periodMs: DAY_MS, everyMs: 2 * DAY_MS })).calls).toBe(4);
  });

  it("tells of backups that somebody else's call has proven", async () => {
    await days(["one"]);
    await proveVault(given());
    nowMs += 1;
    expect(await proveVault(given())).toMatchObject({ backups: [], known: new Set(["n1.directory/1"]) });
  });
});

describe("the indexes that another writer may refer to", () => {
  const verifiedFor = async (writer: string, sources = ["n1.directory", "n2.directory"]) =>
    await verifiedIndexes({ store, keyring, trust }, sources, writer);

  it("are those whose packs somebody has opened, and never a writer's own", async () => {
    await days(["one"]);
    await days(["two"], "n2");
    expect(await verifiedFor("n1")).toEqual([]);
    await proveVault(given());
    expect((await verifiedFor("n3")).map(({ writer }) => writer)).toEqual(["n1", "n2"]);
    expect(new Set((await verifiedFor("n1")).map(({ writer }) => writer))).toEqual(new Set(["n2"]));
    expect(await verifiedFor("n1", ["n1.directory"])).toEqual([]);
  });

  it("are none of a source whose newest manifest is damaged, and others stay", async () => {
    await days(["one"]);
    await days(["two"], "n2");
    await proveVault(given());
    const key = (await store.list("manifests/n2.directory/", { limit: 1 }))[0]?.key ?? "";
    await store.remove(key);
    await store.put(key, Buffer.from("{}"));
    expect((await verifiedFor("n3")).map(({ writer }) => writer)).toEqual(["n1"]);
  });

  async function storeIndex(name: string, packs: readonly IndexedPack[]): Promise<string> {
    const header = { vault: keyring.vault, epoch: 1, salt: noise(name, 32) };
    const index = encodeIndex(header, keyring.keyOf("index", header, "a test's index"), packs);
    await store.put(indexKey("n2", index.name), index.bytes);
    return index.name;
  }
  /** An index of n2's by hand, named by its newest manifest; each pack is stored, and those in `opened` are proven. */
  async function indexBy(name: string, contents: readonly string[], opened: readonly string[]): Promise<string> {
    const packs = contents.map((content) => packOf([noise(content, 1_000)], keyring, content));
    for (const { bytes, pack } of packs) await store.put(packKey("n2", pack.name), bytes);
    const proven = packs.flatMap(({ pack }, at) => (opened.includes(contents[at] ?? "") ? [pack.name] : []));
    nowMs += 1;
    await writeProof(store, { format: 1, atMs: nowMs, by: "control-plane", store: store.name, packs: proven, backups: [] });
    return await storeIndex(
      name,
      packs.map(({ pack }) => pack),
    );
  }
  async function nameAll(): Promise<void> {
    const newest = await newestManifest(store, "n2.directory", keyring.vault, trust);
    if (newest === null) throw new Error("n2 has no backup");
    const { manifest, digest } = newest;
    const indexes = (await listIndexes(store, "n2")).map((index) => ({ ...index, writer: "n2" as Writer }));
    const next = { ...manifest, sequence: manifest.sequence + 1, parent: digest, indexes };
    await writeManifest(store, next, signingKeyFrom(Buffer.alloc(32, 9)), new AbortController().signal);
  }

  it("have no pack that nobody has opened, be it one that a second index names as well", async () => {
    await days(["two"], "n2");
    const bad = await indexBy("bad", ["opened", "never opened"], ["opened"]);
    const shared = await indexBy("shared", ["never opened", "opened too"], ["opened too"]);
    const good = await indexBy("good", ["opened", "opened three"], ["opened", "opened three"]);
    await nameAll();
    const names = (await verifiedFor("n1", ["n2.directory"])).map(({ name }) => name);
    expect(names).toContain(good);
    expect(names).not.toContain(bad);
    expect(names).not.toContain(shared);
  });

  it("are none that say of an opened pack something else than what was opened, and such a vault is not proven", async () => {
    await days(["one"]);
    await days(["two"], "n2");
    await proveVault(given());
    const [index] = await listIndexes(store, "n1");
    const { catalogue } = await loadUsable([store], keyring, index === undefined ? [] : [index]);
    const lying = catalogue.table.packs.map((pack) => ({
      ...pack,
      blocks: pack.blocks.map((block) => ({
        ...block,
        chunks: block.chunks.map((chunk) => ({ ...chunk, id: noise("not in it", chunk.id.length) })),
      })),
    }));
    const name = await storeIndex("lying", lying);
    await nameAll();
    expect((await verifiedFor("n3")).map((one) => one.name)).not.toContain(name);
    nowMs += 1;
    await expect(proveVault(given())).rejects.toMatchObject({ name: "ObjectCorrupt", message: expect.stringContaining("two indexes") });
  });
});
