/** The functions of the backup module and exactly what each may do. They are there for a fleet whose file says what is backed up. */
import { type FunctionDeclaration, LAMBDA_TIMEOUT_S_MAX } from "./declaration.ts";

const STEP_S = 30;
/** What waits for an operator's hook of ten minutes. */
const HOOK_S = 620;
const MEMORY_MIB = 512;
/** A whole vCPU: packs are opened and named again. */
const LABOUR_MIB = 1_792;
const EVENT_AGE_S = 3_600;

const step = {
  module: "backup",
  memoryMiB: MEMORY_MIB,
  timeoutS: STEP_S,
  commandsAgents: false,
  reachesNetwork: false,
  publishes: false,
  step: true,
} as const;
const outside = { ...step, step: false } as const;
const onTheNetwork = { commandsAgents: true, reachesNetwork: true } as const;

export const BACKUP_FUNCTIONS: readonly FunctionDeclaration[] = [
  {
    ...outside,
    name: "start-backup",
    purpose: "Takes requests from the queue and starts a run of each source that is free.",
    starts: "backup",
    reads: ["backupSource"],
    writes: ["backupSource"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "back-up-source",
    purpose: "Has the agent back its directory up, gives it access to the vault, and looks on.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    memoryMiB: LABOUR_MIB,
    vault: ["reads", "makes", "gives-access"],
    reads: ["backupSource"],
    writes: ["backupSource"],
  },
  {
    ...step,
    name: "prove-backup",
    purpose: "Opens what a run has stored, and a share of the old, from the store alone.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    memoryMiB: LABOUR_MIB,
    vault: ["reads", "proves"],
    reads: ["backupSource"],
    writes: ["backupSource"],
  },
  {
    ...step,
    name: "close-backup",
    purpose: "Writes down what came of a run, tells it, and asks again for what waited.",
    publishes: true,
    reads: ["backupSource"],
    writes: ["backupSource"],
  },
  {
    ...outside,
    name: "measure-backups",
    purpose: "Says each minute how far the backups are behind, and asks for those that are due.",
    reachesNetwork: true,
    publishes: true,
    asynchronous: { retries: 0, eventAgeS: 60 },
    reads: ["backupSource"],
    writes: [],
  },
  {
    ...outside,
    name: "audit-replicas",
    purpose: "Compares the vault's copies, and repairs what did not arrive.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    memoryMiB: LABOUR_MIB,
    publishes: true,
    vault: ["reads", "repairs"],
    asynchronous: { retries: 0, eventAgeS: EVENT_AGE_S },
    reservedConcurrency: 1,
    reads: [],
    writes: [],
  },
  {
    ...outside,
    name: "sweep-vault",
    purpose: "Removes old backups from its own Region's copy, and gives their space back, in two phases.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    memoryMiB: LABOUR_MIB,
    vault: ["reads", "sweeps"],
    asynchronous: { retries: 0, eventAgeS: EVENT_AGE_S },
    reservedConcurrency: 1,
    reads: [],
    writes: [],
  },
  {
    ...step,
    name: "choose-copy",
    purpose: "Opens a drill and chooses what it restores: the newest complete copy in the farther Region.",
    reachesNetwork: true,
    publishes: true,
    vault: ["reads"],
    timeoutS: 60,
    reads: ["drill", "lease"],
    writes: ["drill", "incident", "journal"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "restore-copy",
    purpose: "Has the agent on the drill's host restore the copy, gives it access to the vault, and looks on.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    vault: ["gives-access"],
    reads: ["drill"],
    writes: ["drill"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "boot-node",
    purpose: "Boots a real node on what a drill has restored, by the operator's hook.",
    timeoutS: HOOK_S,
    reads: ["drill"],
    writes: ["drill"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "verify-node",
    purpose: "Holds the booted node against a quorum of the network, until it has caught up.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    reads: ["drill"],
    writes: ["drill"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "tear-down",
    purpose: "Ends the scratch node and removes what was restored.",
    timeoutS: HOOK_S,
    reads: [],
    writes: [],
  },
  {
    ...step,
    name: "close-drill",
    purpose: "Publishes what a drill has proven, or that it failed.",
    publishes: true,
    reads: ["drill", "lease"],
    writes: ["drill", "incident", "journal"],
  },
];
