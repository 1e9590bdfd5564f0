/** What must not become a backup of a ledger, and does not: another fork, or a hole. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EvmLedger } from "../../../adapters/ledger-evm.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { BATCHES_PREFIX } from "../../../core/backup/ledger/batch-summary.ts";
import type { VaultStore } from "../../../core/kernel/ports.ts";
import { ledgerOf, ledgerSteps, storedInBatches } from "../../support/ledger-backup.ts";
import { type LedgerNode, mineAt, startLedgerNode } from "../../support/ledger-node.ts";
import { laterClock, testVault } from "../../support/vault.ts";

const { vault, labour } = testVault();
const START_S = 4_000_000_000;
const SHARED = 12;
const LATER = 12;
let node: LedgerNode;
let other: LedgerNode;
let ledger: EvmLedger;
let foreign: EvmLedger;
let store: VaultStore;
beforeAll(async () => {
  [node, other] = await Promise.all([startLedgerNode(), startLedgerNode()]);
  for (const [at, fork] of [
    [node, 0],
    [other, 1],
  ] as const) {
    await mineAt(at, SHARED, START_S);
    await mineAt(at, LATER, START_S + SHARED + fork * 500);
  }
  [ledger, foreign] = [ledgerOf(node), ledgerOf(other)];
});
afterAll(async () => {
  for (const each of [ledger, foreign]) each?.close();
  await Promise.all([node?.close(), other?.close()]);
});
beforeEach(() => {
  store = memoryVault(laterClock);
});

const keysIn = async (prefix: string): Promise<string[]> => (await store.list(prefix, { limit: 1_000 })).map(({ key }) => key);
const stored = () => storedInBatches(store, ledger);

describe("a batch of another fork", () => {
  it("is refused before a block of it is read, and nothing is stored", async () => {
    const plan = await ledgerSteps(store, ledger).plan();
    const read: number[] = [];
    const steps = ledgerSteps(store, foreign, { onSegment: ({ from }) => read.push(from) });
    for (const batch of plan.batches.slice(1)) await expect(steps.store(batch)).rejects.toMatchObject({ name: "LedgerRefused" });
    expect(read).toEqual([]);
    expect(await keysIn("")).toEqual([]);
  });

  it("is refused by its blocks, where the node repeats the hashes that were planned", async () => {
    const liar: EvmLedger = { ...foreign, hashesAt: (...asked) => ledger.hashesAt(...asked) };
    const plan = await ledgerSteps(store, ledger).plan();
    for (const batch of plan.batches.slice(1)) await expect(ledgerSteps(store, liar).store(batch)).rejects.toMatchObject({ name: "LedgerRefused" });
    expect(await keysIn(BATCHES_PREFIX)).toEqual([]);
  });

  it("is not taken for one that is stored, and not put in its place", async () => {
    const theirs = await storedInBatches(store, foreign);
    const ours = await stored();
    expect(ours.keys[0], "blocks that both have are read once").toBe(theirs.keys[0]);
    expect(ours.keys.slice(1)).not.toEqual(theirs.keys.slice(1));
    for (const mixed of [theirs.keys, ours.keys.with(1, theirs.keys[1] as string)])
      await expect(ours.steps.complete(ours.plan, mixed)).rejects.toMatchObject({ name: "LedgerRefused" });
    expect(await keysIn("manifests/")).toEqual([]);
    expect((await ours.steps.complete(ours.plan, ours.keys)).manifest.chain?.height).toBe(SHARED + LATER - 1);
  });

  it("is refused by a second node at the end, where both steps before were told the same lie", async () => {
    const { plan, keys } = await stored();
    await expect(ledgerSteps(store, ledger, { second: foreign }).complete(plan, keys)).rejects.toMatchObject({ name: "LedgerRefused" });
    expect(await keysIn("manifests/")).toEqual([]);
    await ledgerSteps(store, ledger, { second: ledger }).complete(plan, keys);
  });

  it("below what is stored begins a new base, and the old backup stays whole", async () => {
    const before = await ledgerSteps(store, foreign).all();
    const steps = ledgerSteps(store, ledger);
    expect(await steps.plan()).toMatchObject({ kept: { segments: 2, lastHeight: 9 }, base: expect.stringMatching(/finality was broken/) });
    const after = await steps.all();
    expect(after.manifest.chain?.blockHash).not.toBe(before.manifest.chain?.blockHash);
    for (const { manifest } of [before, after]) await verifyBackup({ stores: [store], keyring: vault.keyring, labour }, manifest);
  });
});

describe("a hole", () => {
  it("where any batch was not stored is named, and no manifest is written", async () => {
    const { steps, plan, keys } = await stored();
    for (const [index, { from, to }] of plan.batches.entries()) {
      const without = steps.complete(plan, keys.toSpliced(index, 1));
      await expect(without).rejects.toMatchObject({
        name: "LedgerUnavailable",
        message: expect.stringContaining(`blocks ${from} to ${to} was not stored`),
      });
    }
    expect(await keysIn("manifests/")).toEqual([]);
  });

  it("in the plan itself is refused, at its beginning and within", async () => {
    const { steps, plan, keys } = await stored();
    for (const [index, word] of [/blocks 0 to 9 are missing/, /blocks 10 to 19 are missing/].entries()) {
      const holed = { ...plan, batches: plan.batches.toSpliced(index, 1) };
      await expect(steps.complete(holed, keys)).rejects.toMatchObject({ name: "LedgerRefused", message: expect.stringMatching(word) });
    }
    await expect(steps.complete({ ...plan, kept: { segments: 1, lastHeight: 4 } }, keys)).rejects.toMatchObject({ name: "LedgerRefused" });
    expect(await keysIn("manifests/")).toEqual([]);
  });
});

describe("a plan", () => {
  const answering = (change: (hashes: Map<number, string>) => void): EvmLedger => ({
    ...ledger,
    hashesAt: async (...asked) => {
      const told = await ledger.hashesAt(...asked);
      if (told.kind !== "hashes") return told;
      const hashes = new Map(told.hashes);
      change(hashes);
      return { ...told, hashes };
    },
  });

  it("is put off where the node does not say a hash that batches meet at, or says another for the block that it called final", async () => {
    const silent = answering((hashes) => hashes.delete(9));
    const changing = answering((hashes) => hashes.set(SHARED + LATER - 1, `0x${"12".repeat(32)}`));
    for (const at of [silent, changing]) await expect(ledgerSteps(store, at).plan()).rejects.toMatchObject({ name: "LedgerUnavailable" });
  });

  it("of batches that are too large, too many or none is refused", async () => {
    for (const limits of [{ segmentsPerBatch: 65 }, { segmentsPerBatch: 0 }, { batchesMax: 401 }, { batchesMax: 1.5 }])
      await expect(ledgerSteps(store, ledger).plan(limits)).rejects.toMatchObject({ name: "InputInvalid" });
  });
});
