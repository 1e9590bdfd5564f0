/**
 * The functions of the failover module and exactly what each may do. The stacks turn a line into a function, a role and
 * nothing else; the tests read the same lines, and compare them with what the code names.
 *
 * `reads` and `writes` are kinds of records: each kind is a partition, so IAM can tell them apart by leading key.
 */
import type { RecordKind } from "../../core/kernel/records.ts";

export type FunctionDeclaration = {
  /** `functions/failover/<name>.ts`; in Pascal case also the placeholder in the state machine. */
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
  /** Called by the failover workflow. */
  readonly step: boolean;
  /** Started by events, with nobody waiting: how often Lambda tries again, and when it is too late to. */
  readonly asynchronous?: { readonly retries: 0 | 1 | 2; readonly eventAgeS: number };
  /** Needs the Argon2 layer. */
  readonly hashesTokens?: true;
  /** A floor that other functions of the account cannot eat into, and a ceiling that a flood cannot exceed. */
  readonly reservedConcurrency?: number;
};

/** Lambda's longest; the watcher lives until the next minute's run relieves it, the fence as long as a lease (300 s at most). */
export const LAMBDA_TIMEOUT_S_MAX = 900;
/** A step that only reads, decides and writes: ten times its slowest run on record, with a cold start. */
const STEP_S = 30;
/** A step that waits for hooks or blocks: an operator's hook may take two minutes. */
const PATIENT_STEP_S = 300;
/** A third of a CPU; TLS and signatures are the only work. Less memory makes cold starts longer than it saves. */
const MEMORY_MIB = 512;

/** What is only written down may come an hour late. */
const EVENT_AGE_S = 3_600;

const step = { memoryMiB: MEMORY_MIB, timeoutS: STEP_S, commandsAgents: false, reachesNetwork: false, publishes: true, step: true } as const;
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

/** `open-incident` → `OpenIncident`, the placeholder in the state machine. */
export function pascalCase(verbNoun: string): string {
  return verbNoun.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
