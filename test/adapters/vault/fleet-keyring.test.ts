/** A fleet's keyring opens by any Region alone, and is made once: never while a Region could still have one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemEntropy } from "../../../adapters/entropy-system.ts";
import { openFleetKeyring, openOrMakeFleetKeyring } from "../../../adapters/vault/fleet-keyring.ts";
import { keyringKey } from "../../../core/backup/vault/keyring.ts";
import type { KeyWrapper } from "../../../core/kernel/ports.ts";
import { type MemoryFleetVault, memoryFleetVault } from "../../support/fleet-vault.ts";
import { laterClock } from "../../support/vault.ts";

const REGIONS = ["us-east-1", "us-west-2", "us-east-2"] as const;
const given = { clock: laterClock, entropy: systemEntropy() };
const placesOf = (vault: MemoryFleetVault, regions: readonly string[] = REGIONS) =>
  regions.map((region) => ({ region, store: vault.store(region), wrapper: vault.wrapper(region) }));
const keysIn = async (vault: MemoryFleetVault) =>
  await Promise.all(REGIONS.map(async (region) => (await vault.within(region).list("", { limit: 10 })).map(({ key }) => key)));

/** Made in its home, and copied to every replica. */
async function madeVault() {
  const vault = memoryFleetVault(REGIONS, laterClock);
  const { keyring } = await openOrMakeFleetKeyring(vault, given);
  for (const region of REGIONS.slice(1)) await vault.replicate(region);
  return { vault, keys: keyring.keys };
}
const unable = (wrapper: KeyWrapper): KeyWrapper => ({ ...wrapper, unwrap: async () => Promise.reject(new Error("AccessDeniedException")) });

describe("a fleet's keyring", () => {
  it("is opened where any Region has it and answers, is made where all say that they have none, and is else left alone", async () => {
    const anyState = fc.constantFrom("whole", "empty", "silent", "silent and whole");
    await fc.assert(
      fc.asyncProperty(fc.tuple(anyState, anyState, anyState), async (states) => {
        const made = await madeVault();
        const vault = memoryFleetVault(REGIONS, laterClock);
        for (const [index, region] of REGIONS.entries()) {
          const state = states[index] ?? "";
          if (state.startsWith("silent")) vault.silent.add(region);
          const got = await made.vault.within(region).get(keyringKey(1), { bytesMax: 100_000 });
          if (state.endsWith("whole") && got.kind === "found") await vault.within(region).put(keyringKey(1), got.bytes);
        }
        const before = await keysIn(vault);
        const opened = await openOrMakeFleetKeyring({ ...vault, wrapper: made.vault.wrapper }, given).catch((error: Error) => error.name);
        if (states.includes("whole")) expect(opened).toMatchObject({ keyring: { keys: made.keys } });
        else if (states.some((state) => state.startsWith("silent"))) expect(opened).toBe("VaultUnavailable");
        else expect(opened).toMatchObject({ number: 1 });
        const isMade = states.every((state) => state === "empty");
        expect(await keysIn(vault)).toEqual(isMade ? [[keyringKey(1)], [], []] : before);
      }),
      { numRuns: 64 },
    );
  });

  it("is opened by each Region's lock alone, and by no other Region's key in its place", async () => {
    const { vault, keys } = await madeVault();
    for (const region of REGIONS) {
      expect((await openFleetKeyring(placesOf(vault, [region]))).keyring.keys).toEqual(keys);
      const other = REGIONS.find((one) => one !== region) ?? region;
      await expect(openFleetKeyring([{ region, store: vault.store(region), wrapper: vault.wrapper(other) }])).rejects.toMatchObject({
        name: "KeyUnknown",
      });
    }
  });

  it("is opened by a replica after the home and its key were deleted", async () => {
    const { vault, keys } = await madeVault();
    vault.silent.add("us-east-1");
    const places = placesOf(vault).map((place) => (place.region === "us-east-1" ? { ...place, wrapper: unable(place.wrapper) } : place));
    expect((await openFleetKeyring(places)).keyring.keys).toEqual(keys);
    expect((await openOrMakeFleetKeyring(vault, given)).keyring.keys).toEqual(keys);
  });

  it("is not made anew over a home that is empty, while the Region that has it does not answer or does not open it", async () => {
    const made = await madeVault();
    const vault = memoryFleetVault(REGIONS, laterClock);
    const got = await made.vault.within("us-west-2").get(keyringKey(1), { bytesMax: 100_000 });
    if (got.kind === "found") await vault.within("us-west-2").put(keyringKey(1), got.bytes);
    const wrapper = (region: string) => unable(made.vault.wrapper(region));
    await expect(openOrMakeFleetKeyring({ ...vault, wrapper }, given)).rejects.toMatchObject({ name: "VaultUnavailable" });
    vault.silent.add("us-west-2");
    await expect(openOrMakeFleetKeyring(vault, given)).rejects.toMatchObject({ name: "VaultUnavailable" });
    expect(await keysIn(vault)).toEqual([[], [keyringKey(1)], []]);
  });

  it("is one keyring where several make it at once", async () => {
    const vault = memoryFleetVault(REGIONS, laterClock);
    const makers = await Promise.all(Array.from({ length: 5 }, () => openOrMakeFleetKeyring(vault, given)));
    for (const { keyring } of makers) expect(keyring.keys).toEqual(makers[0]?.keyring.keys);
    expect(await keysIn(vault)).toEqual([[keyringKey(1)], [], []]);
  });

  it("that is damaged in one Region is passed over, and is told as damaged where no other has it", async () => {
    const { vault, keys } = await madeVault();
    await vault.within("us-east-1").remove(keyringKey(1));
    await vault.within("us-east-1").put(keyringKey(1), Buffer.from("{}"));
    expect((await openOrMakeFleetKeyring(vault, given)).keyring.keys).toEqual(keys);
    for (const region of REGIONS.slice(1)) await vault.within(region).remove(keyringKey(1));
    await expect(openOrMakeFleetKeyring(vault, given)).rejects.toMatchObject({ name: "ObjectCorrupt" });
    expect(await keysIn(vault)).toEqual([[keyringKey(1)], [], []]);
  });
});
