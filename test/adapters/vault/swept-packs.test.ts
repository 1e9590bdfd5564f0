/**
 * Named after what went wrong: a sweep removed packs and kept the index that named them, since a backup needed another pack of it; the next
 * backup referred to what was gone, and could not be restored.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { forgetBackups } from "../../../adapters/vault/forget-backups.ts";
import { readProofs } from "../../../adapters/vault/proofs.ts";
import { proveVault } from "../../../adapters/vault/prove-vault.ts";
import { readCondemned, sweepVault } from "../../../adapters/vault/sweep-vault.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { GRACE_MS } from "../../../core/backup/vault/sweep.ts";
import type { Clock, VaultStore } from "../../../core/kernel/ports.ts";
import { noise } from "../../support/noise.ts";
import { backUp, restoreNewest, temporaryFolder, testVault, trust } from "../../support/vault.ts";

const folder = temporaryFolder();
const { vault, labour } = testVault();
/** Three packs and a bit, so that an index names some that go and one that stays. */
const WHOLE = noise("swept", 60_000_000);
const SHORT = 10_000_000;

async function swept() {
  let nowMs = Date.now() + GRACE_MS;
  const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {} };
  const later = (): void => {
    nowMs += GRACE_MS + 1;
  };
  const store = memoryVault(clock);
  const source = join(folder(), "source");
  await mkdir(source);
  await writeFile(join(source, "a"), WHOLE);
  await backUp(store, source, { clock });
  later();
  await writeFile(join(source, "a"), WHOLE.subarray(0, SHORT));
  await backUp(store, source, { clock });
  const given = { store, keyring: vault.keyring, labour, trust, clock, by: "tester", periodMs: 30 * GRACE_MS, everyMs: GRACE_MS };
  await proveVault(given);
  await forgetBackups({ store, vault: vault.keyring.vault, trust, clock }, "n1.directory", { countMin: 1, ageMs: 0 });
  return { store, source, clock, later };
}

it("a backup refers to no pack that a sweep has removed, though an index still names it", async () => {
  const { store, source, clock, later } = await swept();
  let removed = 0;
  for (let sweep = 0; sweep < 3; sweep += 1) {
    later();
    removed += (await sweepVault(store, vault.keyring.vault, trust, clock)).remove.length;
  }
  expect(removed).toBeGreaterThan(0);
  await writeFile(join(source, "a"), WHOLE);
  later();
  await backUp(store, source, { clock });
  await restoreNewest([store], join(folder(), "target"));
});

it("a copy of a vault believes no proof and no condemnation of the place it was copied from", async () => {
  const { store, clock, later } = await swept();
  later();
  expect((await sweepVault(store, vault.keyring.vault, trust, clock)).condemn.length).toBeGreaterThan(0);
  const copy = memoryVault(clock, "elsewhere");
  await copyAll(store, copy);
  expect((await readProofs(store)).backups.size).toBeGreaterThan(0);
  expect((await readProofs(copy)).backups.size).toBe(0);
  expect((await readProofs(copy)).provenAtMs.size).toBe(0);
  expect(await readCondemned(copy)).toEqual([]);
});

async function copyAll(from: VaultStore, to: VaultStore): Promise<void> {
  for (const { key, sizeBytes } of await from.list("", { limit: 1_000 })) {
    const got = await from.get(key, { bytesMax: sizeBytes });
    if (got.kind === "found") await to.put(key, got.bytes);
  }
}
