/** The environment variables by which a stack tells a function its settings. Written by infra, read by adapters/world.ts. */
export const ENVIRONMENT = {
  fleet: "SYNNERGY_FLEET",
  module: "SYNNERGY_MODULE",
  registryTable: "SYNNERGY_REGISTRY_TABLE",
  registryRegion: "SYNNERGY_REGISTRY_REGION",
  vitalsTable: "SYNNERGY_VITALS_TABLE",
  busName: "SYNNERGY_BUS",
  authorityKey: "SYNNERGY_AUTHORITY_KEY",
  stateMachine: "SYNNERGY_STATE_MACHINE",
  vaultAccount: "SYNNERGY_VAULT_ACCOUNT",
  historyBucket: "SYNNERGY_HISTORY_BUCKET",
  modelBucket: "SYNNERGY_MODEL_BUCKET",
  vaultAgentRole: "SYNNERGY_VAULT_AGENT_ROLE",
} as const;

/** The fleet file as parsed, laid beside each function's code at synth. */
export const FLEET_FILE = "fleet.json";
