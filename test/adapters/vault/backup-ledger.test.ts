/**
 * The ledger of a real client in a vault: verified segments, only new ones read, a re-org below the base noticed by hash, a second
 * node's word required, and a node that lags is left alone.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { restoreDirectory } from "../../../adapters/vault/restore-directory.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { chainSegments } from "../../../core/backup/ledger/chain.ts";
import { spanOfName } from "../../../core/backup/ledger/segment-name.ts";
import { verifySegment } from "../../../core/backup/ledger/segment-verification.ts";
import type { Manifest } from "../../../core/backup/vault/manifest.ts";
import type { VaultStore } from "../../../core/kernel/ports.ts";
import { backUpLedger, ledgerOf, withoutStateRoot } from "../../support/ledger-backup.ts";
import { CHAIN_ID, type LedgerNode, mineAt, startLedgerNode } from "../../support/ledger-node.ts";
import { laterClock, temporaryFolder, testVault } from "../../support/vault.ts";

const { vault, labour } = testVault();
const folder = temporaryFolder();
let node: LedgerNode;
let other: LedgerNode;
let store: VaultStore;
beforeAll(async () => {
  [node, other] = await Promise.all([startLedgerNode(), startLedgerNode()]);
});
afterAll(() => Promise.all([node?.close(), other?.close()]));
beforeEach(() => {
  store = memoryVault(laterClock);
});

const heightOf = async (at: LedgerNode): Promise<number> => Number(await at.rpc("eth_blockNumber", []));
const stateRootOf = async (at: LedgerNode, { chain }: Manifest): Promise<unknown> =>
  ((await at.rpc("eth_getBlockByNumber", [`0x${chain?.height.toString(16)}`, false])) as { stateRoot: unknown }).stateRoot;
const START_S = 4_000_000_000;

describe("a backup of a ledger", () => {
  it("holds every final block in a chain of segments, and restores to the very same", async () => {
    await mineAt(node, 12, START_S);
    const { manifest, segments } = await backUpLedger(store, ledgerOf(node));
    expect(segments).toBe(3);
    expect(manifest).toMatchObject({ consistency: "verified-segments", chain: { chainId: CHAIN_ID, height: (await heightOf(node)) - 1 } });
    expect(manifest.chain?.stateRoot).toBe(await stateRootOf(node, manifest));
    await verifyBackup({ stores: [store], keyring: vault.keyring, labour }, manifest);
    const target = join(folder(), "ledger");
    await restoreDirectory({ stores: [store], keyring: vault.keyring, labour }, manifest, target);
    const spans = (await readdir(target)).toSorted().map((name) => spanOfName(name));
    expect(chainSegments(spans.filter((span) => span !== null))).toMatchObject({ kind: "chained" });
    for (const name of await readdir(target)) {
      const span = spanOfName(name);
      if (span === null) throw new Error(`${name} is no segment's name`);
      expect(verifySegment(await readFile(join(target, name)), { chainId: CHAIN_ID, ...span }).kind).toBe("verified");
    }
  });

  it("reads only what is new, and takes whole segments in the place of a short one", async () => {
    const first = await backUpLedger(store, ledgerOf(node));
    await mineAt(node, 5, START_S + 1_000);
    const second = await backUpLedger(store, ledgerOf(node));
    expect(second.segments).toBeLessThanOrEqual(2);
    expect(second.manifest.counts.readBytes).toBeLessThan(first.manifest.counts.readBytes);
    expect(second.manifest).toMatchObject({ sequence: 2, chain: { height: (await heightOf(node)) - 1 } });
    await verifyBackup({ stores: [store], keyring: vault.keyring, labour }, second.manifest);
  });

  it("says the state root of its last block, read now or for an earlier backup, which may not have said it", async () => {
    const unsaid = await backUpLedger(store, ledgerOf(node), { segmentsMax: 2 });
    for (const silent of [true, false]) {
      const again = silent ? await withoutStateRoot(store, unsaid.manifest) : store;
      const { manifest, segments } = await backUpLedger(again, ledgerOf(node), { segmentsMax: 0 });
      expect({ segments, height: manifest.chain?.height }).toEqual({ segments: 0, height: 9 });
      expect(manifest.chain?.stateRoot).toBe(await stateRootOf(node, manifest));
    }
  });

  it("asks for one hash to know that what is stored is still the node's history", async () => {
    await backUpLedger(store, ledgerOf(node));
    const ledger = ledgerOf(node);
    const asked: number[] = [];
    const counting = {
      ...ledger,
      hashesAt: async (...given: Parameters<typeof ledger.hashesAt>) => {
        asked.push(given[0].length);
        return await ledger.hashesAt(...given);
      },
    };
    await backUpLedger(store, counting);
    expect(asked).toEqual([1, 0]);
  });

  it("goes on where a run with a limit has ended", async () => {
    const runs = [];
    do runs.push(await backUpLedger(store, ledgerOf(node), { segmentsMax: 1 }));
    while ((runs.at(-1)?.left ?? 0) > 0);
    expect(runs.map(({ segments }) => segments)).toEqual(runs.map(() => 1));
    expect(runs.at(-1)?.manifest.chain?.height).toBe((await heightOf(node)) - 1);
  });

  it("begins a new base where the chain was rewritten below what is stored, and keeps the old backups whole", async () => {
    const before = await backUpLedger(store, ledgerOf(node));
    await node.rpc("anvil_rollback", [6]);
    await mineAt(node, 9, START_S + 50_000);
    const after = await backUpLedger(store, ledgerOf(node));
    expect(after.base).toMatch(/finality was broken, or it is another chain/);
    expect(after.manifest.chain?.blockHash).not.toBe(before.manifest.chain?.blockHash);
    for (const { manifest } of [before, after]) await verifyBackup({ stores: [store], keyring: vault.keyring, labour }, manifest);
  });

  it("is refused where a second node has another history, and nothing is written", async () => {
    await mineAt(other, (await heightOf(node)) + 2, START_S + 90_000);
    await expect(backUpLedger(store, ledgerOf(node), { second: ledgerOf(other) })).rejects.toMatchObject({ name: "LedgerRefused" });
    expect(await store.list("manifests/", { limit: 10 })).toEqual([]);
  });

  it("waits while the node is behind, and reads once it has caught up", async () => {
    const lags = [50, 40, 30, 2, 1, 0];
    const waits: number[] = [];
    const clock = { ...laterClock, sleep: async (ms: number) => void waits.push(ms) };
    await backUpLedger(store, ledgerOf(node), { lagBlocks: async () => lags.shift() ?? 0, clock });
    expect(waits.length).toBeGreaterThanOrEqual(3);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
  });
});
