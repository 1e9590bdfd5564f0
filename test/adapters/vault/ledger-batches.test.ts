/**
 * A backup of a real client's ledger in batches is the backup that one run would have made, however it was cut, in whatever order its
 * batches were stored, and wherever it was interrupted.
 */
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { type LedgerBatch, segmentsOf } from "../../../core/backup/ledger/batches.ts";
import type { Manifest } from "../../../core/backup/vault/manifest.ts";
import { REFERENCE_IDS_MAX } from "../../../core/backup/vault/stream-reference.ts";
import type { VaultStore } from "../../../core/kernel/ports.ts";
import { backUpLedger, filesOf, held, ledgerOf, ledgerSteps } from "../../support/ledger-backup.ts";
import { addBulk, type LedgerNode, mineAt, populate, startLedgerNode } from "../../support/ledger-node.ts";
import { dyingStore, laterClock, temporaryFolder, testVault } from "../../support/vault.ts";

const { vault, labour } = testVault();
const folder = temporaryFolder();
const START_S = 4_000_000_000;
/** Each reads the whole chain once or twice. */
const RUNS = { numRuns: 12 };
const inOneRun = memoryVault(laterClock);
let node: LedgerNode;
let ledger: ReturnType<typeof ledgerOf>;
let whole: Manifest;
let store: VaultStore;

beforeAll(async () => {
  node = await startLedgerNode();
  await populate(node);
  for (const seed of ["one", "two"]) await addBulk(node, seed);
  await mineAt(node, 25, START_S);
  ledger = ledgerOf(node);
  whole = (await backUpLedger(inOneRun, ledgerOf(node))).manifest;
});
afterAll(async () => {
  ledger?.close();
  await node?.close();
});
beforeEach(() => {
  store = memoryVault(laterClock);
});

const manifestsIn = async (at: VaultStore): Promise<number> => (await at.list("manifests/", { limit: 100 })).length;
const verified = (at: VaultStore, manifest: Manifest) => verifyBackup({ stores: [at], keyring: vault.keyring, labour }, manifest);
const shuffled = <T>(items: readonly T[], chance: fc.Stream<number>): T[] =>
  items
    .map((item) => ({ item, key: chance.next().value }))
    .toSorted((left, right) => left.key - right.key)
    .map(({ item }) => item);
const anyOrder = fc.infiniteStream(fc.nat());
const segmentsPerBatch = fc.integer({ min: 1, max: 5 });
const starts = (batches: readonly LedgerBatch[]): number[] => batches.flatMap(segmentsOf).map(({ from }) => from);

describe("a backup of a ledger in batches", () => {
  it("is of a chain with a segment whose chunks are too many to stand in a listing", () => {
    expect(whole.counts.chunks).toBeGreaterThan(2 * whole.counts.files + REFERENCE_IDS_MAX);
  });

  it("holds what one run's holds, with batches of any size, stored in any order or at once, in one backup or in several", async () => {
    await fc.assert(
      fc.asyncProperty(segmentsPerBatch, fc.integer({ min: 1, max: 8 }), anyOrder, fc.boolean(), async (perBatch, batchesMax, chance, atOnce) => {
        const at = memoryVault(laterClock);
        const steps = ledgerSteps(at, ledger);
        for (let left = 1, last = null; left > 0; left = last.left) {
          const plan = await steps.plan({ segmentsPerBatch: perBatch, batchesMax });
          const batches = shuffled(plan.batches, chance);
          const keys = atOnce ? (await Promise.all(batches.map(steps.store))).map(({ key }) => key) : [];
          if (!atOnce) for (const batch of batches) keys.push((await steps.store(batch)).key);
          last = await steps.complete(plan, shuffled(keys, chance));
          if (last.left > 0) continue;
          expect(held(last.manifest)).toEqual(held(whole));
          await verified(at, last.manifest);
        }
      }),
      RUNS,
    );
  });

  it("restores the same segments bit for bit", async () => {
    const { manifest } = await ledgerSteps(store, ledger).all();
    expect(await filesOf(store, manifest, join(folder(), "batches"))).toEqual(await filesOf(inOneRun, whole, join(folder(), "whole")));
    expect(manifest.counts.readBytes).toBe(whole.counts.readBytes);
    const listed = await store.list("", { limit: 1_000 });
    const packed = listed.filter(({ key }) => /^(packs|indexes)/.test(key)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(manifest.counts.storedBytes).toBe(packed);
  });

  it("goes on from a backup of one run, and one run from it", async () => {
    await backUpLedger(store, ledgerOf(node), { segmentsMax: 3 });
    const batched = await ledgerSteps(store, ledger).all({ segmentsPerBatch: 2, batchesMax: 1 });
    expect(batched).toMatchObject({ segments: 1, manifest: { sequence: 2, chain: { height: 19 } } });
    const last = await backUpLedger(store, ledgerOf(node));
    expect(held(last.manifest)).toEqual(held(whole));
  });

  it("says of its last block which state it leaves", async () => {
    const { manifest } = await ledgerSteps(store, ledger).all();
    const block = await node.rpc("eth_getBlockByNumber", [`0x${manifest.chain?.height.toString(16)}`, false]);
    expect(manifest.chain?.stateRoot).toBe((block as { stateRoot: unknown }).stateRoot);
  });
});

describe("a backup in batches that is interrupted", () => {
  it("between any two steps is planned alike again, reads no batch that was stored, and is completed by the next run", async () => {
    await fc.assert(
      fc.asyncProperty(segmentsPerBatch, anyOrder, fc.nat(), async (perBatch, chance, stop) => {
        const at = memoryVault(laterClock);
        const first = ledgerSteps(at, ledger);
        const plan = await first.plan({ segmentsPerBatch: perBatch });
        const batches = shuffled(plan.batches, chance);
        const stored = batches.slice(0, stop % (batches.length + 1));
        const before = new Map<number, string>();
        for (const batch of stored) before.set(batch.from, (await first.store(batch)).key);
        const read: number[] = [];
        const next = ledgerSteps(at, ledger, { onSegment: ({ from }) => read.push(from) });
        const again = await next.plan({ segmentsPerBatch: perBatch });
        expect(again).toEqual(plan);
        const keys: string[] = [];
        for (const batch of again.batches) keys.push((await next.store(batch)).key);
        for (const [index, { from }] of again.batches.entries()) if (before.has(from)) expect(keys[index]).toBe(before.get(from));
        expect(read).toEqual(starts(again.batches).filter((from) => !starts(stored).includes(from)));
        expect(held((await next.complete(again, keys)).manifest)).toEqual(held(whole));
      }),
      RUNS,
    );
  });

  it("at any object that it stores leaves no backup, and the next run makes the same one", async () => {
    await fc.assert(
      fc.asyncProperty(segmentsPerBatch, fc.nat(40), async (perBatch, putsMax) => {
        const at = memoryVault(laterClock);
        const dying = await ledgerSteps(dyingStore(at, putsMax), ledger)
          .all({ segmentsPerBatch: perBatch })
          .catch(() => null);
        expect(await manifestsIn(at)).toBe(dying === null ? 0 : 1);
        const { manifest } = await ledgerSteps(at, ledger).all({ segmentsPerBatch: perBatch });
        expect(held(manifest)).toEqual(held(whole));
        await verified(at, manifest);
      }),
      RUNS,
    );
  });

  it("after its manifest, before its answer, is the same backup when it is asked for again", async () => {
    const steps = ledgerSteps(store, ledger);
    const plan = await steps.plan();
    const keys = await Promise.all(plan.batches.map(async (batch) => (await steps.store(batch)).key));
    const { manifest } = await steps.complete(plan, keys);
    expect(await steps.complete(plan, keys)).toMatchObject({ manifest, segments: starts(plan.batches).length });
    expect(await manifestsIn(store)).toBe(1);
    const nothingNew = await steps.plan();
    expect(nothingNew).toMatchObject({ batches: [], kept: { segments: manifest.counts.files, lastHeight: manifest.chain?.height } });
    const second = await steps.complete(nothingNew, []);
    expect(second.manifest).toMatchObject({ sequence: 2, merkleRoot: manifest.merkleRoot });
    expect((await steps.complete(nothingNew, [])).manifest).toEqual(second.manifest);
    await expect(steps.complete(plan, keys)).rejects.toMatchObject({ name: "BackupOvertaken" });
  });
});

describe("a batch", () => {
  it("that is stored twice at once is the same segments under two keys, and either completes the backup", async () => {
    const steps = ledgerSteps(store, ledger);
    const plan = await steps.plan({ segmentsPerBatch: 5 });
    const pairs = await Promise.all(plan.batches.map(async (batch) => await Promise.all([steps.store(batch), steps.store(batch)])));
    const { manifest } = await steps.complete(
      plan,
      pairs.flatMap((pair, index) => pair.slice(index % 2, (index % 2) + 1).map(({ key }) => key)),
    );
    expect(held(manifest)).toEqual(held(whole));
  });

  it("asks how far the node is behind before each of its segments, and reads none while that is too far", async () => {
    const plan = await ledgerSteps(store, ledger).plan({ segmentsPerBatch: 3 });
    for (const batch of plan.batches) {
      const told: string[] = [];
      const lags = [50, 40, 2, 1, 0];
      const lagBlocks = async (): Promise<number> => {
        const lag = lags.shift() ?? 0;
        told.push(lag > 3 ? "behind" : "near");
        return lag;
      };
      const clock = { ...laterClock, sleep: async () => void told.push("waits") };
      await ledgerSteps(store, ledger, { lagBlocks, clock, onSegment: () => told.push("read") }).store(batch);
      expect(told.slice(0, 4)).toEqual(["behind", "waits", "behind", "waits"]);
      expect(told.filter((word) => word === "read").length).toBe(segmentsOf(batch).length);
      for (const [index, word] of told.entries()) if (word === "read") expect(told[index - 1]).toBe("near");
    }
  });
});
