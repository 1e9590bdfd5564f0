/** The vault in memory keeps the store's contract, so that what passes on it passes on a bucket. */
import { memoryVault } from "../../adapters/vault-memory.ts";
import { settableClock } from "../support/settable-clock.ts";
import { describeVaultStore } from "./vault-store.contract.ts";

describeVaultStore("a vault in memory", async () => {
  const store = memoryVault(settableClock());
  return { store, other: store };
});
