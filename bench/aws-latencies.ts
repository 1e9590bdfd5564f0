/**
 * What each step of a failover waits for on AWS beyond what a rehearsal shows, from what AWS documents; where it
 * documents nothing the entry says so, and a deployment's own traces must tell. Distances between Regions come on top.
 */
import type { StepName } from "./failover-run.ts";

const EVENTBRIDGE = "EventBridge: no latency of a delivery is in its user guide";
const LAMBDA = "Lambda: under 100 ms to over 1 s where it starts cold (Lambda developer guide, execution environment lifecycle)";
const DYNAMODB =
  "DynamoDB: single-digit milliseconds in one Region (developer guide); a strongly consistent global table adds a round trip to another Region";
const STEPS = "Step Functions Standard: no latency of a transition is documented";

export const ON_AWS: Readonly<Record<StepName, string>> = {
  seen: "nothing: a probe is a direct call",
  judged: "nothing: votes are direct calls",
  decided: `${EVENTBRIDGE}; ${STEPS}; ${LAMBDA}; ${DYNAMODB}`,
  fenced: "a transition, a function and two registry writes, as above; a function that starts cold asks KMS for one signature, undocumented",
  granted: "two transitions, two functions and two registry writes, as above",
  signed: "nothing: agent and validator stand on one host",
};
