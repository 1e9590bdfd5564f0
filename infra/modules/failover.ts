/**
 * The functions of the failover module and exactly what each may do. The stacks turn a line into a function, a role and
 * nothing else; the tests read the same lines, and compare them with what the code names.
 *
 * `reads` and `writes` are kinds of records: each kind is a partition, so IAM can tell them apart by leading key.
 */
import { type FunctionDeclaration, LAMBDA_TIMEOUT_S_MAX } from "./declaration.ts";

/** A step that only reads, decides and writes: ten times its slowest run on record, with a cold start. */
const STEP_S = 30;
/** A step that waits for hooks or blocks: an operator's hook may take two minutes. */
const PATIENT_STEP_S = 300;
/** A third of a CPU; TLS and signatures are the only work. Less memory makes cold starts longer than it saves. */
const MEMORY_MIB = 512;

/** What is only written down may come an hour late. */
const EVENT_AGE_S = 3_600;

const step = {
  module: "failover",
  memoryMiB: MEMORY_MIB,
  timeoutS: STEP_S,
  commandsAgents: false,
  reachesNetwork: false,
  publishes: true,
  step: true,
} as const;
const outside = { ...step, step: false } as const;
const onTheNetwork = { commandsAgents: true, reachesNetwork: true } as const;

export const FAILOVER_FUNCTIONS: readonly FunctionDeclaration[] = [
  {
    ...outside,
    ...onTheNetwork,
    name: "watch-fleet",
    purpose: "Probes every node each second, judges, and renews leases, until the next minute's run relieves it.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    /** A watch that could not start is not tried again: the next minute's is due. */
    asynchronous: { retries: 0, eventAgeS: 60 },
    /** The running watch, the one that relieves it, and as many again while a Region is slow to stop them. */
    reservedConcurrency: 4,
    reads: ["lease", "incident", "roleIncident", "shard", "verdict", "standing", "checkpoint", "window"],
    writes: ["lease", "shard", "verdict", "standing", "checkpoint", "window", "vitals"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "open-incident",
    purpose: "Opens or resumes the role's incident, weighs mode and budget, elects the successor.",
    reads: ["failovers", "incident", "lease", "roleIncident", "roleMode", "standing", "verdict"],
    writes: ["incident", "roleIncident", "failovers", "journal"],
  },
  {
    ...step,
    name: "request-approval",
    purpose: "Keeps the workflow's task token and asks a person.",
    reads: ["incident"],
    writes: ["incident", "journal"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "fence-primary",
    purpose: "Marks the lease as revoking and has the old holder's word, or waits the lease out.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    reads: ["checkpoint", "incident", "lease", "verdict"],
    writes: ["checkpoint", "incident", "journal", "lease"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "prepare-successor",
    purpose: "Asks the successor's agent whether its node can take the role.",
    timeoutS: PATIENT_STEP_S,
    publishes: false,
    reads: ["incident", "lease"],
    writes: ["journal"],
  },
  {
    ...step,
    name: "take-lease",
    purpose: "Gives the lease to the successor under a new epoch, from a stored clearance only.",
    reads: ["lease", "incident"],
    writes: ["lease", "journal"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "promote-successor",
    purpose: "Hands over the state, sends the first grant, promotes.",
    timeoutS: PATIENT_STEP_S,
    reads: ["checkpoint", "incident", "lease"],
    writes: ["incident", "journal", "lease"],
  },
  {
    ...step,
    ...onTheNetwork,
    name: "verify-signing",
    purpose: "Waits for a block by the successor in a slot it was granted.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    reads: ["incident", "shard"],
    writes: ["incident", "journal"],
  },
  {
    ...step,
    name: "close-incident",
    purpose: "Publishes the route, moves other work, frees the role's incident, writes the report.",
    reads: ["failovers", "incident", "lease", "roleIncident", "route", "standing"],
    writes: ["failovers", "incident", "journal", "roleIncident", "route", "standing"],
  },
  {
    ...step,
    name: "drain-node",
    purpose: "Moves the other work of a node, of which a fault is foretold, to nodes with room.",
    reads: ["foreseen", "lease", "preemption", "route", "standing"],
    writes: ["preemption", "route"],
  },
  {
    ...outside,
    name: "approve-incident",
    purpose: "Takes a person's yes or no over HTTPS, by an operator's token.",
    /** The one function that strangers can start: a flood of them takes two places, not the watcher's. */
    reservedConcurrency: 2,
    hashesTokens: true,
    publishes: false,
    reads: ["operator", "incident"],
    writes: ["operator", "incident", "journal"],
  },
  {
    ...outside,
    name: "record-event",
    purpose: "Keeps what went by on the bus, for the feed.",
    publishes: false,
    asynchronous: { retries: 2, eventAgeS: EVENT_AGE_S },
    reads: [],
    writes: ["event"],
  },
  {
    ...outside,
    name: "open-alarm-incident",
    purpose: "Turns an alarm of this fleet into an incident that a person sees.",
    asynchronous: { retries: 2, eventAgeS: EVENT_AGE_S },
    reads: ["lease"],
    writes: ["incident", "journal"],
  },
];
