/**
 * Every function that a fleet has: those of failover and prediction always, those of backup where the fleet file says what is backed up. Who
 * reads named metrics is there where the file names some.
 */
import type { Fleet } from "../../core/kernel/fleet.ts";
import { BACKUP_FUNCTIONS } from "./backup.ts";
import type { FunctionDeclaration } from "./declaration.ts";
import { FAILOVER_FUNCTIONS } from "./failover.ts";
import { PREDICTION_FUNCTIONS } from "./prediction.ts";

export const ALL_FUNCTIONS: readonly FunctionDeclaration[] = [...FAILOVER_FUNCTIONS, ...PREDICTION_FUNCTIONS, ...BACKUP_FUNCTIONS];

export function functionsOf({ vault, policies }: Pick<Fleet, "vault" | "policies">): readonly FunctionDeclaration[] {
  const isThere = ({ module, readsMetrics }: FunctionDeclaration): boolean =>
    (module !== "backup" || vault?.backups !== undefined) && (readsMetrics !== true || policies.prediction.metrics.length > 0);
  return ALL_FUNCTIONS.filter(isThere);
}
