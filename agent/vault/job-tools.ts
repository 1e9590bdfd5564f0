/** What every kind of job works with. */
import type { OpenVault } from "../../adapters/vault/keyrings.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";

export type JobTools = {
  /** The nearest first; a backup is written to the first. */
  readonly stores: readonly VaultStore[];
  readonly vault: OpenVault;
  /** Read several times a second by whoever reports it. */
  readonly progress: { doing: string; files: number; bytes: number };
  readonly signal: AbortSignal;
  /** Resolves when the agent has made the directory stand still. */
  standStill(): Promise<void>;
  /** Tells the agent that it need not any longer. */
  wasRead(): void;
};
