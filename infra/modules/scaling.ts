/** The functions of the scaling module and exactly what each may do. They are there where the fleet file has groups of units. */
import type { FunctionDeclaration } from "./declaration.ts";

/** A look and an order by webhook may take 10 s each, and removals come one after another. */
const STEP_S = 55;
const MEMORY_MIB = 512;

const step = {
  module: "scaling",
  memoryMiB: MEMORY_MIB,
  timeoutS: STEP_S,
  commandsAgents: false,
  reachesNetwork: true,
  publishes: true,
  step: true,
} as const;

export const SCALING_FUNCTIONS: readonly FunctionDeclaration[] = [
  {
    ...step,
    name: "weigh-capacity",
    purpose: "Looks at a group's units, its demand and the forecast, and decides whether there should be more or fewer.",
    capacity: "looks",
    readsMetrics: true,
    reads: ["drill", "enrolledNode", "forecasterState", "lease", "roleIncident", "scalingCell", "standing", "verdict", "vitals"],
    writes: ["forecasterState", "scalingCell", "scalingDecision"],
  },
  {
    ...step,
    name: "resize-group",
    purpose: "Orders so many more units of a group's actuator, or the end of those that are named.",
    capacity: "moves",
    reads: ["scalingCell", "scalingDecision"],
    writes: ["scalingCell", "scalingDecision"],
  },
  {
    ...step,
    name: "settle-units",
    purpose: "Tells each unit that is starting to serve once it has caught up, and gives up one that does not in time.",
    capacity: "moves",
    reads: ["enrolledNode", "scalingCell"],
    writes: ["scalingCell"],
  },
  {
    ...step,
    name: "close-scaling",
    purpose: "Gives a group's cell back at the end of an execution, and tells people of an error that ended it.",
    reachesNetwork: false,
    reads: ["scalingCell"],
    writes: ["scalingCell"],
  },
];
