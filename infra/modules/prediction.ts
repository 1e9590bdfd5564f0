/** The functions of the prediction module and exactly what each may do. */
import { type FunctionDeclaration, LAMBDA_TIMEOUT_S_MAX } from "./declaration.ts";

const STEP_S = 30;
/** A run looks until the next minute's goes on, and one look more. */
const FORESEE_S = 90;
const MEMORY_MIB = 512;
/** A reading has 20 s for CloudWatch, whose metrics of all Regions are asked for at once, and some writes after it. */
const READING_S = 55;
const EVENT_AGE_S = 3_600;
/** At its bound of 400,000 rows, every signal measured, training took 872 MiB at most; and with its memory comes a second processor. */
const TRAINING_MIB = 3_008;

const step = {
  module: "prediction",
  memoryMiB: MEMORY_MIB,
  timeoutS: STEP_S,
  commandsAgents: false,
  reachesNetwork: false,
  publishes: true,
  step: true,
} as const;
const outside = { ...step, publishes: false, step: false } as const;

export const PREDICTION_FUNCTIONS: readonly FunctionDeclaration[] = [
  {
    ...step,
    step: false,
    name: "foresee",
    purpose: "Estimates for each node how likely it is to fail within the horizon, writes that down, and scores what was foretold before.",
    timeoutS: FORESEE_S,
    /** One that could not start is not tried again: the next minute's is due. */
    asynchronous: { retries: 0, eventAgeS: 60 },
    /** Two runs would turn the same books: the next one waits the seconds that a run is longer than its minute. */
    reservedConcurrency: 1,
    models: "reads",
    reads: ["alert", "foreseen", "foresight", "lease", "liveModel", "openAlerts", "prediction", "preemption", "signalStates", "verdict", "vitals"],
    writes: ["alert", "foreseen", "foresight", "openAlerts", "prediction", "signalStates"],
  },
  {
    ...step,
    name: "weigh-preemption",
    purpose: "Looks at a node's newest prediction and at what was done already, and chooses the next step.",
    publishes: false,
    reads: ["foreseen", "foresight", "lease", "preemption", "roleIncident", "standing", "verdict"],
    writes: ["foresight", "preemption"],
  },
  {
    ...step,
    name: "warn-people",
    purpose: "Tells people what is foretold of a node.",
    reads: ["preemption"],
    writes: ["preemption"],
  },
  {
    ...step,
    name: "relieve-node",
    purpose: "Has the role moved away from a node of which a fault is foretold, as a planned switchover.",
    starts: "failover",
    reads: ["preemption"],
    writes: ["preemption"],
  },
  {
    ...step,
    name: "close-preemption",
    purpose: "Writes down what came of a preemption, and frees its place in the budget.",
    reads: ["foresight", "preemption"],
    writes: ["foresight", "preemption"],
  },
  {
    ...outside,
    name: "archive-vitals",
    purpose: "Writes the vitals of each node and finished day into its Region's history, column by column.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    /** What is written is not written again, so a run may be repeated; what it could not do the next hour's does. */
    asynchronous: { retries: 2, eventAgeS: EVENT_AGE_S },
    history: "writes",
    reads: ["vitals", "metricMinute"],
    writes: [],
  },
  {
    ...outside,
    name: "train-model",
    purpose: "Trains a model of the nodes' faults on their history, and lets it go live where it is better than the live one.",
    timeoutS: LAMBDA_TIMEOUT_S_MAX,
    memoryMiB: TRAINING_MIB,
    /** The next day's run trains on more. */
    asynchronous: { retries: 0, eventAgeS: EVENT_AGE_S },
    /** One after another: two at once would train the same. */
    reservedConcurrency: 1,
    history: "reads",
    models: "writes",
    reads: ["liveModel", "prediction"],
    writes: ["liveModel"],
  },
  {
    ...outside,
    name: "read-metrics",
    purpose: "Reads the CloudWatch metrics that the fleet file names, and keeps them beside the vitals.",
    timeoutS: READING_S,
    asynchronous: { retries: 0, eventAgeS: 60 },
    readsMetrics: true,
    reads: ["metricMinute"],
    writes: ["metricMinute"],
  },
];
