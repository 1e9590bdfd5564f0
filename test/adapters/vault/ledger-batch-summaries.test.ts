/** What is known of a batch is believed while it and all that it speaks of are there, and goes when a sweep says so. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EvmLedger } from "../../../adapters/ledger-evm.ts";
import { sweepVault } from "../../../adapters/vault/sweep-vault.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { BATCHES_PREFIX } from "../../../core/backup/ledger/batch-summary.ts";
import { GRACE_MS } from "../../../core/backup/vault/sweep.ts";
import type { Clock, VaultStore } from "../../../core/kernel/ports.ts";
import { ledgerOf, ledgerSteps, storedInBatches } from "../../support/ledger-backup.ts";
import { addBulk, type LedgerNode, mineAt, startLedgerNode } from "../../support/ledger-node.ts";
import { laterClock, replaceObject, testVault, trust } from "../../support/vault.ts";

const { vault, labour } = testVault();
const START_S = 4_000_000_000;
/** The last final block. */
const LAST = 23;
let node: LedgerNode;
let ledger: EvmLedger;
let store: VaultStore;
beforeAll(async () => {
  node = await startLedgerNode();
  await mineAt(node, 6, START_S);
  await addBulk(node, "bulk");
  await mineAt(node, 17, START_S + 500);
  ledger = ledgerOf(node);
});
afterAll(async () => {
  ledger?.close();
  await node?.close();
});
beforeEach(() => {
  store = memoryVault(laterClock);
});

const keysIn = async (prefix: string, at: VaultStore): Promise<string[]> => (await at.list(prefix, { limit: 1_000 })).map(({ key }) => key);

describe("what is known of a batch", () => {
  it("is read again from the node where its summary is damaged, or the index of its chunks is gone", async () => {
    const { plan, keys } = await storedInBatches(store, ledger);
    const [first = "", second = ""] = keys;
    const got = await store.get(first, { bytesMax: 100_000 });
    if (got.kind === "absent") throw new Error("it is not there");
    got.bytes[100] = (got.bytes[100] as number) ^ 1;
    const damaged = await replaceObject(store, first, got.bytes);
    await expect(ledgerSteps(damaged, ledger).complete(plan, keys)).rejects.toMatchObject({ name: "ObjectCorrupt" });
    const exchanged = await replaceObject(store, first, null);
    const theirs = await store.get(second, { bytesMax: 100_000 });
    if (theirs.kind === "found") await exchanged.put(first, theirs.bytes);
    await expect(ledgerSteps(exchanged, ledger).complete(plan, keys)).rejects.toMatchObject({ name: "ObjectMisplaced" });
    const [index = ""] = await keysIn("indexes/", store);
    const indexless = await replaceObject(store, index, null);
    await expect(ledgerSteps(indexless, ledger).complete(plan, keys)).rejects.toMatchObject({ name: "LedgerUnavailable" });
    for (const at of [damaged, exchanged, indexless]) {
      const again = await storedInBatches(at, ledger);
      expect(again.keys.filter((key) => !keys.includes(key)).length).toBe(1);
      expect((await again.steps.complete(again.plan, again.keys)).manifest.chain?.height).toBe(LAST);
    }
  });

  it("is read again from the node where only some of its chunks may be referred to", async () => {
    const short = ledgerOf(node, 1 + LAST - 7);
    const begun = ledgerSteps(store, short);
    const [, begunBatch] = (await begun.plan({ segmentsPerBatch: 1 })).batches;
    if (begunBatch === undefined) throw new RangeError("absent");
    await begun.store(begunBatch);
    short.close();
    const [index = ""] = await keysIn("indexes/", store);
    const steps = ledgerSteps(store, ledger);
    const batch = (await steps.plan({ segmentsPerBatch: 1 })).batches.find(({ from }) => from === begunBatch.from);
    if (batch === undefined) throw new RangeError("absent");
    expect(batch.to).toBeGreaterThan(begunBatch.to);
    const { key } = await steps.store(batch);
    expect(await steps.store(batch)).toEqual({ key });
    expect((await ledgerSteps(await replaceObject(store, index, null), ledger).store(batch)).key).not.toBe(key);
  });

  it("is swept after the grace, and its packs only where no backup names them", async () => {
    const kept = await sweptTwice(true);
    expect(kept.left).toEqual([]);
    await verifyBackup({ stores: [kept.at], keyring: vault.keyring, labour }, kept.manifest);
    const lost = await sweptTwice(false);
    expect(lost.left).toEqual([]);
    expect(await keysIn("packs/", lost.at)).toEqual([]);
    await expect(ledgerSteps(lost.at, ledger).complete(lost.plan, lost.keys)).rejects.toMatchObject({ name: "LedgerUnavailable" });
  });

  it("is used no more once a sweep has condemned it: its batch is read again, and that one completes the backup", async () => {
    const clock = movingClock();
    const at = memoryVault(clock);
    const first = await storedInBatches(at, ledger);
    clock.pass(GRACE_MS / 2);
    expect((await sweep(at, clock)).condemn).toEqual([]);
    expect((await storedInBatches(at, ledger)).keys).toEqual(first.keys);
    clock.pass(GRACE_MS);
    await sweep(at, clock);
    clock.pass(GRACE_MS / 2);
    const again = await storedInBatches(at, ledger);
    expect(again.keys.filter((key) => first.keys.includes(key))).toEqual([]);
    clock.pass(GRACE_MS / 2);
    await sweep(at, clock);
    await expect(first.steps.complete(first.plan, first.keys)).rejects.toMatchObject({ name: "LedgerUnavailable" });
    const { manifest } = await again.steps.complete(again.plan, again.keys);
    clock.pass(2 * GRACE_MS);
    await sweep(at, clock);
    await verifyBackup({ stores: [at], keyring: vault.keyring, labour }, manifest);
  });
});

describe("a summary that a sweep has condemned", () => {
  it("is not answered with, though a backup keeps the packs that it speaks of", async () => {
    const clock = movingClock();
    const at = memoryVault(clock);
    const { steps, plan, keys } = await storedInBatches(at, ledger);
    await steps.complete(plan, keys);
    clock.pass(GRACE_MS);
    expect((await sweep(at, clock)).condemn.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    for (const batch of plan.batches) expect(keys).not.toContain((await steps.store(batch)).key);
  });
});

const movingClock = (): Clock & { pass(ms: number): void } => {
  let nowMs = Date.now();
  const pass = (ms: number): void => {
    nowMs += ms + 1;
  };
  return { ...laterClock, wallMs: () => nowMs, pass };
};
const sweep = (at: VaultStore, clock: Clock) => sweepVault(at, vault.keyring.vault, trust, clock);

async function sweptTwice(completed: boolean) {
  const clock = movingClock();
  const at = memoryVault(clock);
  const { steps, plan, keys } = await storedInBatches(at, ledger);
  const manifest = completed ? (await steps.complete(plan, keys)).manifest : null;
  for (const round of [1, 2]) {
    clock.pass(GRACE_MS);
    const { remove } = await sweep(at, clock);
    expect(remove.length > 0).toBe(round === 2);
  }
  return { at, plan, keys, manifest: manifest as NonNullable<typeof manifest>, left: await keysIn(BATCHES_PREFIX, at) };
}
