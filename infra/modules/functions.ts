/** Every function that a fleet has: the failover and prediction modules' always, the backup module's where the fleet file says what is backed up. */
import type { Fleet } from "../../core/kernel/fleet.ts";
import { BACKUP_FUNCTIONS } from "./backup.ts";
import type { FunctionDeclaration } from "./declaration.ts";
import { FAILOVER_FUNCTIONS } from "./failover.ts";
import { PREDICTION_FUNCTIONS } from "./prediction.ts";

export const ALL_FUNCTIONS: readonly FunctionDeclaration[] = [...FAILOVER_FUNCTIONS, ...PREDICTION_FUNCTIONS, ...BACKUP_FUNCTIONS];

export function functionsOf({ vault }: Pick<Fleet, "vault">): readonly FunctionDeclaration[] {
  return vault?.backups === undefined ? [...FAILOVER_FUNCTIONS, ...PREDICTION_FUNCTIONS] : ALL_FUNCTIONS;
}
