/**
 * Every function that a fleet has: those of failover and prediction always, those of backup where the fleet file says what is backed up, those
 * of scaling where it has groups of units. Who reads named metrics for foresight is there where the file names some.
 */
import type { Fleet } from "../../core/kernel/fleet.ts";
import { BACKUP_FUNCTIONS } from "./backup.ts";
import type { FunctionDeclaration } from "./declaration.ts";
import { FAILOVER_FUNCTIONS } from "./failover.ts";
import { PREDICTION_FUNCTIONS } from "./prediction.ts";
import { SCALING_FUNCTIONS } from "./scaling.ts";

export const ALL_FUNCTIONS: readonly FunctionDeclaration[] = [
  ...FAILOVER_FUNCTIONS,
  ...PREDICTION_FUNCTIONS,
  ...BACKUP_FUNCTIONS,
  ...SCALING_FUNCTIONS,
];

export function functionsOf({ vault, policies, scaling }: Pick<Fleet, "vault" | "policies" | "scaling">): readonly FunctionDeclaration[] {
  const isThere = ({ module, readsMetrics }: FunctionDeclaration): boolean => {
    if (module === "backup") return vault?.backups !== undefined;
    if (module === "scaling") return scaling !== undefined;
    return readsMetrics !== true || policies.prediction.metrics.length > 0;
  };
  return ALL_FUNCTIONS.filter(isThere);
}

/** Who signs with the authority's key: for agents, and for a webhook that starts and stops units. */
export function signs({ commandsAgents, capacity }: FunctionDeclaration, { scaling }: Pick<Fleet, "scaling">): boolean {
  return commandsAgents || (capacity !== undefined && scaling?.groups.some(({ actuator }) => actuator.kind === "webhook") === true);
}
