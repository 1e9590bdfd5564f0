/** The functions of the prediction module and exactly what each may do. */
import { type FunctionDeclaration, LAMBDA_TIMEOUT_S_MAX } from "./declaration.ts";

const MEMORY_MIB = 512;
/** A reading has 20 s for CloudWatch, whose metrics of all Regions are asked for at once, and some writes after it. */
const READING_S = 55;
const EVENT_AGE_S = 3_600;

const outside = {
  module: "prediction",
  memoryMiB: MEMORY_MIB,
  commandsAgents: false,
  reachesNetwork: false,
  publishes: false,
  step: false,
} as const;

export const PREDICTION_FUNCTIONS: readonly FunctionDeclaration[] = [
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
    name: "read-metrics",
    purpose: "Reads the CloudWatch metrics that the fleet file names, and keeps them beside the vitals.",
    timeoutS: READING_S,
    asynchronous: { retries: 0, eventAgeS: 60 },
    readsMetrics: true,
    reads: ["metricMinute"],
    writes: ["metricMinute"],
  },
];
