/**
 * `cdk synth` and `cdk deploy` start here: one fleet file in, one stack per observer Region out. A fleet file with a
 * fault is reported fault by fault, and nothing is synthesized, since half a fleet is worse than none.
 *
 *     npx cdk deploy --all -c fleet=fleet.yaml
 *
 * Needs no account and no network to synthesize: the Regions are written down, the account is the one deployed into.
 */
import { App } from "aws-cdk-lib";
import { readFleet } from "../adapters/fleet-yaml.ts";
import { DEFAULT_FLEET_FILE, deploymentFrom } from "./deployment.ts";
import { declareFleet, FEATURES } from "./fleet-stacks.ts";

const app = new App({ context: FEATURES });
const given: unknown = app.node.tryGetContext("fleet");
const file = typeof given === "string" ? given : DEFAULT_FLEET_FILE;
const reading = await readFleet(file);
if (reading.kind === "invalid") {
  for (const fault of reading.faults) console.error(fault);
  console.error(`${file} has ${reading.faults.length} fault${reading.faults.length === 1 ? "" : "s"}; nothing was synthesized.`);
  process.exitCode = 1;
} else {
  await declareFleet(app, deploymentFrom(app.node, reading.fleet));
  app.synth();
}
