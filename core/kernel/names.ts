/**
 * The AWS names of a fleet's parts, the same in every Region, so that stacks, functions and the CLI find each other
 * from the fleet's name alone. The registry's name is also its identity: a table restored from a backup has another.
 */
import { createHash } from "node:crypto";

/** S3's limit. */
export const BUCKET_NAME_CHARACTERS_MAX = 63;
const ACCOUNT_DIGITS = 12;
/** Two long names that begin alike are told apart by so much of their digest. */
const DIGEST_CHARACTERS = 8;

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
    scaleMachine: `${prefix}-scale`,
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
    /** Every fleet has one, so a name that would be too long for S3 is cut, and told from its like by a digest. */
    historyBucket: (account: string, region: string) => `synnergy-${shortFor(fleet, `synnergy--history--${region}`)}-history-${account}-${region}`,
    metricsNamespace: "SynnergyHA",
  } as const;
}

/** An ECS task that bears it (`true`) was told to serve. */
export const SERVES_TAG = "synnergy:serves";

/** The fleet's name as it fits into a bucket's beside `rest` and an account. */
function shortFor(fleet: string, rest: string): string {
  const room = BUCKET_NAME_CHARACTERS_MAX - rest.length - ACCOUNT_DIGITS;
  if (fleet.length <= room) return fleet;
  const digest = createHash("sha256").update(fleet).digest("hex").slice(0, DIGEST_CHARACTERS);
  return `${fleet.slice(0, room - DIGEST_CHARACTERS - 1)}-${digest}`;
}

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
