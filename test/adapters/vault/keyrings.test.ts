/** A vault's keyring: each lock opens it alone, it is made once, and it changes by one small object under the next number. */
import { beforeEach, describe, expect, it } from "vitest";
import { systemEntropy } from "../../../adapters/entropy-system.ts";
import type { SealedBy } from "../../../adapters/sealed-key.ts";
import { makeVault, openVault, rotateKeyring } from "../../../adapters/vault/keyrings.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import type { VaultStore } from "../../../core/kernel/ports.ts";
import { tableWrapper } from "../../support/table-wrapper.ts";
import { laterClock } from "../../support/vault.ts";

const east: SealedBy = { kind: "kms", wrapper: tableWrapper() };
const west: SealedBy = { kind: "kms", wrapper: tableWrapper() };
const stranger: SealedBy = { kind: "kms", wrapper: tableWrapper() };
const phrase = (text: string): SealedBy => ({ kind: "passphrase", passphrase: Buffer.from(text), kdf: "scrypt" });
const locks = [
  { name: "kms us-east-1", by: east },
  { name: "kms us-west-2", by: west },
  { name: "passphrase", by: phrase("correct horse") },
];
let store: VaultStore;
const given = () => ({ store, clock: laterClock, entropy: systemEntropy() });
beforeEach(() => {
  store = memoryVault(laterClock);
});

describe("a vault's keyring", () => {
  it("is opened by each of its locks alone, and by no other", async () => {
    const { keyring } = await makeVault(given(), locks);
    for (const by of [east, west, phrase("correct horse")]) expect((await openVault(store, by)).keyring.keys).toEqual(keyring.keys);
    for (const by of [stranger, phrase("wrong")]) await expect(openVault(store, by)).rejects.toMatchObject({ name: "KeyUnknown" });
  });

  it("is made once", async () => {
    await makeVault(given(), locks);
    await expect(makeVault(given(), locks)).rejects.toThrow("there is a vault already");
    await expect(openVault(memoryVault(laterClock), east)).rejects.toMatchObject({ name: "ObjectMissing" });
  });

  it("changes its locks and its data key by one object, and keeps what finds old data", async () => {
    const first = await makeVault(given(), locks);
    const second = await rotateKeyring(given(), first, [{ name: "kms us-west-2", by: west }], true);
    expect(second).toMatchObject({ number: 2, keyring: { epoch: 2 } });
    const { keyring, number } = await openVault(store, west);
    expect(number).toBe(2);
    expect(keyring.keys).toMatchObject({ cutting: first.keyring.keys.cutting, ids: first.keyring.keys.ids });
    expect(keyring.keys.epochs.slice(0, 1)).toEqual(first.keyring.keys.epochs);
    await expect(openVault(store, east)).rejects.toMatchObject({ name: "KeyUnknown" });
    expect((await store.list("", { limit: 10 })).map(({ key }) => key)).toEqual(["keyring/00000001.json", "keyring/00000002.json"]);
    await expect(rotateKeyring(given(), first, locks, false)).rejects.toThrow("keyring 2 was written by somebody else meanwhile");
  });
});
