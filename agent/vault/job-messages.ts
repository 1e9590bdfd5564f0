/** What an agent and the process that does a vault job for it say to each other, over a pipe of their own. */
import type { JobResult, JobView, JobWork, VaultAccess } from "../../core/kernel/vault-job.ts";
import type { AgentVault } from "./vault-config.ts";

export type JobBeginning = {
  readonly fleet: string;
  readonly node: string;
  readonly rpc: string;
  readonly vault: AgentVault;
  /** The agent's own, by which manifests are signed. */
  readonly seed: Uint8Array;
  readonly job: string;
  readonly work: JobWork;
  readonly access: VaultAccess;
};
export type ToJob =
  | { readonly kind: "begin"; readonly beginning: JobBeginning }
  | { readonly kind: "access"; readonly access: VaultAccess }
  /** The directory stands still now. */
  | { readonly kind: "still" }
  | { readonly kind: "cancel" };
export type JobFault = NonNullable<JobView["fault"]>;
export type FromJob =
  | { readonly kind: "progress"; readonly doing: string; readonly files: number; readonly bytes: number }
  /** Everything is open, and the directory may be made to stand still. */
  | { readonly kind: "ready" }
  /** All of it was read: the node may go on while the rest is stored. */
  | { readonly kind: "read" }
  | { readonly kind: "done"; readonly result: JobResult }
  | { readonly kind: "failed"; readonly fault: JobFault };
