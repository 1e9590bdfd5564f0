/**
 * The AWS names of a fleet's parts, the same in every Region, so that stacks, functions and the CLI find each other
 * from the fleet's name alone. The registry's name is also its identity: a table restored from a backup has another.
 */
export function resourceNames(fleet: string) {
  const prefix = `synnergy-${fleet}`;
  return {
    stack: (region: string) => `${prefix}-${region}`,
    registryTable: `${prefix}-registry`,
    vitalsTable: `${prefix}-vitals`,
    bus: prefix,
    authorityAlias: `alias/${prefix}-authority`,
    stateMachine: `${prefix}-failover`,
    preemptMachine: `${prefix}-preempt`,
    backupMachine: `${prefix}-backup`,
    drillMachine: `${prefix}-restore-drill`,
    backupQueue: `${prefix}-backups`,
    vaultAgentRole: (region: string) => `${prefix}-vault-agent-${region}`,
    function: (verbNoun: string) => `${prefix}-${verbNoun}`,
    dashboard: prefix,
    /** The Region last but one, so that no other fleet's stack can have this name. */
    vaultStack: (region: string) => `${prefix}-${region}-vault`,
    /** The account in the name: buckets share one namespace with everybody's. */
    vaultBucket: (account: string, region: string) => `${prefix}-vault-${account}-${region}`,
    vaultAlias: `alias/${prefix}-vault`,
    vaultUnreplicated: `${prefix}-vault-unreplicated`,
    metricsNamespace: "SynnergyHA",
  } as const;
}

/** An ECS task that bears it (`true`) was told to serve. */
export const SERVES_TAG = "synnergy:serves";

/** S3's limit. */
export const BUCKET_NAME_CHARACTERS_MAX = 63;
const ACCOUNT_DIGITS = 12;

export function vaultBucketCharacters(fleet: string, region: string): number {
  return resourceNames(fleet).vaultBucket("0".repeat(ACCOUNT_DIGITS), region).length;
}

/** The encryption context under which a vault's keys are wrapped: a Region's key opens them for nothing else, and for no other fleet. */
export function vaultKeyContext(fleet: string) {
  return { purpose: "synnergy-ha/vault-key", fleet } as const;
}

/** As above, for the key that signs the ledger's backups. */
export function vaultSignerContext(fleet: string) {
  return { purpose: "synnergy-ha/vault-signer", fleet } as const;
}
