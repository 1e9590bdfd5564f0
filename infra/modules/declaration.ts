/** What a function of any module declares, from which its role, its memory and its place in a network are made. */
import type { RecordKind } from "../../core/kernel/records.ts";

/**
 * reads: objects of every Region, opened by the keyring. makes: a keyring, where none is. proves: writes proofs, at home and in its own Region. repairs:
 * writes what a Region lacks. sweeps: removes in its own Region. gives-access: credentials to agents. writes-ledger: packs, indexes,
 * batches and manifests of the ledger at home. signs-ledger: makes and opens the ledger's signing key.
 */
export type VaultUse = "reads" | "makes" | "proves" | "repairs" | "sweeps" | "gives-access" | "writes-ledger" | "signs-ledger";

/** Whoever writes lists as well, to find what is written, and reads what it just wrote, to know its own put from another's. */
export type HistoryUse = "reads" | "writes";

/** looks: at how many units there are. moves: starts, admits and ends them as well. */
export type CapacityUse = "looks" | "moves";

export type FunctionDeclaration = {
  readonly module: "failover" | "backup" | "prediction" | "scaling";
  /** `functions/<module>/<name>.ts`; in Pascal case also the placeholder in the state machine. */
  readonly name: string;
  readonly purpose: string;
  readonly timeoutS: number;
  readonly memoryMiB: number;
  readonly reads: readonly RecordKind[];
  readonly writes: readonly RecordKind[];
  /** Signs for agents: may use the authority's key. */
  readonly commandsAgents: boolean;
  /** Talks to nodes or agents: runs inside the operator's network where the fleet file names one. */
  readonly reachesNetwork: boolean;
  readonly publishes: boolean;
  /** Called by a workflow. */
  readonly step: boolean;
  /** Started by events, with nobody waiting: how often Lambda tries again, and when it is too late to. */
  readonly asynchronous?: { readonly retries: 0 | 1 | 2; readonly eventAgeS: number };
  /** Needs the Argon2 layer. */
  readonly hashesTokens?: true;
  /** What it does with the vault; each is a permission of its own (`infra/constructs/vault-permissions.ts`). */
  readonly vault?: readonly VaultUse[];
  /** What it does with the history of its own Region. */
  readonly history?: HistoryUse;
  /** What it does with models, which lie in the home Region's bucket of history. */
  readonly models?: HistoryUse;
  /** Reads CloudWatch's metrics: those that the fleet file names. */
  readonly readsMetrics?: true;
  /** What it does with the fleet's groups of units (`infra/constructs/capacity-permissions.ts`). */
  readonly capacity?: CapacityUse;
  /** The state machine that it starts. */
  readonly starts?: "backup" | "failover";
  /** A floor that other functions of the account cannot eat into, and a ceiling that a flood cannot exceed. */
  readonly reservedConcurrency?: number;
};

/** Lambda's longest; the watcher lives until the next minute's run relieves it, the fence as long as a lease (300 s at most). */
export const LAMBDA_TIMEOUT_S_MAX = 900;

/** `open-incident` → `OpenIncident`, the placeholder in the state machine. */
export function pascalCase(verbNoun: string): string {
  return verbNoun.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
