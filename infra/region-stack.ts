/**
 * Everything of a fleet in one observer Region. A Region can watch, judge and move a role with every other Region gone;
 * the home Region differs only in that the registry and the dashboard are declared there.
 */
import { CfnOutput, Stack } from "aws-cdk-lib";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import { Code, LayerVersion } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { ENVIRONMENT } from "../core/kernel/environment.ts";
import { resourceNames } from "../core/kernel/names.ts";
import type { Bundle } from "./bundle.ts";
import { declareAuthorityKey } from "./constructs/authority-key.ts";
import { backupAlarms } from "./constructs/backup-alarms.ts";
import { BackupWorkflows } from "./constructs/backup-workflows.ts";
import { declareRegistry, declareVitals } from "./constructs/cell-tables.ts";
import { recordEvents, takeApprovals, watchEachMinute } from "./constructs/event-starts.ts";
import { FailoverWorkflow } from "./constructs/failover-workflow.ts";
import { FleetAlarms, type Watched } from "./constructs/fleet-alarms.ts";
import { declareBus, declareUndelivered } from "./constructs/fleet-bus.ts";
import { declareDashboard } from "./constructs/fleet-dashboard.ts";
import { FleetFunction } from "./constructs/fleet-function.ts";
import { declareLogQueries } from "./constructs/log-queries.ts";
import { PredictionParts } from "./constructs/prediction-parts.ts";
import { PreemptWorkflow } from "./constructs/preempt-workflow.ts";
import { ScaleWorkflow } from "./constructs/scale-workflow.ts";
import { vaultAlarmsHeardIn } from "./constructs/vault-alarms.ts";
import { declareAgentRole } from "./constructs/vault-permissions.ts";
import type { Deployment } from "./deployment.ts";
import { functionsOf, signs } from "./modules/functions.ts";

export type RegionStackProps = {
  readonly deployment: Deployment;
  readonly region: string;
  readonly bundle: Bundle;
  /** The Argon2 layer, laid out. */
  readonly layerFolder: string;
};

type BackupParts = {
  readonly named: (name: string) => FleetFunction;
  readonly steps: readonly FleetFunction[];
  readonly all: readonly FleetFunction[];
  readonly bus: IEventBus;
  readonly undelivered: Queue;
};

export class RegionStack extends Stack {
  constructor(scope: Construct, props: RegionStackProps) {
    const { deployment, region } = props;
    const { fleet, rehearsal } = deployment;
    super(scope, resourceNames(fleet.fleet).stack(region), {
      env: { region },
      description: `Synnergy HA: the control plane of fleet ${fleet.fleet} in ${region}`,
      terminationProtection: !rehearsal,
    });
    if (region === fleet.regions.home) declareRegistry(this, deployment);
    declareVitals(this, deployment);
    const bus = declareBus(this, deployment);
    const undelivered = declareUndelivered(this, deployment);
    const functions = this.declareFunctions(props, bus.eventBusArn, undelivered);
    const all = [...functions.values()];
    const named = (name: string): FleetFunction => {
      const found = functions.get(name);
      if (!found) throw new Error(`${name} is not among the declared functions: ${[...functions.keys()].join(", ")}.`);
      return found;
    };
    const signers = all.filter((each) => signs(each.declaration, fleet)).map((each) => each.role);
    const key = declareAuthorityKey(this, deployment, signers);
    for (const each of all) each.function.addEnvironment(ENVIRONMENT.authorityKey, key.keyArn);
    const stepsOf = (module: string) => all.filter(({ declaration }) => declaration.step && declaration.module === module);
    const steps = stepsOf("failover");
    const { machine } = new FailoverWorkflow(this, { deployment, steps, bus, undelivered });
    const preemptSteps = [...stepsOf("prediction"), named("drain-node")];
    new PreemptWorkflow(this, { deployment, steps: preemptSteps, named, failover: machine, bus, undelivered });
    const groups = fleet.scaling?.groups ?? [];
    if (groups.length > 0) new ScaleWorkflow(this, { deployment, groups, steps: stepsOf("scaling"), undelivered });
    watchEachMinute(this, fleet, named("watch-fleet"), undelivered);
    recordEvents(this, bus, named("record-event"), undelivered);
    const approveUrl = takeApprovals(this, fleet, named("approve-incident"));
    new PredictionParts(this, { deployment, all, bus, undelivered });
    const alsoHeard = vaultAlarmsHeardIn(region, fleet);
    const more = fleet.vault?.backups === undefined ? [] : this.declareBackups(props, { named, steps: stepsOf("backup"), all, bus, undelivered });
    new FleetAlarms(this, { fleet, undelivered, opensIncident: named("open-alarm-incident").function, more, alsoHeard });
    if (region === fleet.regions.home) declareDashboard(this, fleet);
    /** Saved for the console, which a rehearsal has none of. */
    if (!rehearsal)
      declareLogQueries(
        this,
        fleet.fleet,
        all.map((each) => each.function.logGroup),
      );
    new CfnOutput(this, "AuthorityKeyArn", { value: key.keyArn, description: "Agents pin its public half: aws kms get-public-key" });
    new CfnOutput(this, "BusName", { value: bus.eventBusName, description: "Publish failover.requested here, subscribe to the rest" });
    new CfnOutput(this, "ApproveUrl", { value: approveUrl, description: "POST an operator's decision here" });
    new CfnOutput(this, "StateMachineArn", { value: machine.stateMachineArn, description: "Start it with a fleet and a role" });
  }

  /** Answers the alarms that backups have in this Region. */
  private declareBackups({ deployment, region }: RegionStackProps, parts: BackupParts): Watched[] {
    const { named, steps, all, bus, undelivered } = parts;
    const workflows = new BackupWorkflows(this, { deployment, region, named, steps, bus, undelivered });
    const givers = all.filter(({ declaration }) => declaration.vault?.includes("gives-access"));
    const agentRole = declareAgentRole(
      this,
      deployment,
      givers.map(({ role }) => role),
    );
    for (const each of all.filter(({ declaration }) => declaration.vault !== undefined))
      each.function.addEnvironment(ENVIRONMENT.vaultAccount, this.account);
    for (const each of givers) if (agentRole !== null) each.function.addEnvironment(ENVIRONMENT.vaultAgentRole, agentRole.roleArn);
    new CfnOutput(this, "BackupQueueUrl", {
      value: workflows.queue.queueUrl,
      description: "Requests for backups wait here; publish backup.requested rather",
    });
    new CfnOutput(this, "DrillMachineArn", {
      value: workflows.drill.machine.stateMachineArn,
      description: "Start it with a fleet to drill a restore",
    });
    return backupAlarms(deployment.fleet, region, workflows);
  }

  private declareFunctions(
    { deployment, region, bundle, layerFolder }: RegionStackProps,
    busArn: string,
    undelivered: Queue,
  ): Map<string, FleetFunction> {
    const argon2 = new LayerVersion(this, "Argon2", {
      code: Code.fromAsset(layerFolder),
      compatibleArchitectures: [deployment.architecture],
      description: "Argon2id, native",
      removalPolicy: deployment.removalPolicy,
    });
    const environment = environmentOf(deployment, region);
    const functions = new Map<string, FleetFunction>();
    for (const declaration of functionsOf(deployment.fleet)) {
      const code = bundle.get(declaration.name);
      if (!code) throw new Error(`${declaration.name} is declared but was not bundled.`);
      const layers = declaration.hashesTokens ? { layers: [argon2] } : {};
      functions.set(declaration.name, new FleetFunction(this, { deployment, declaration, code, environment, busArn, undelivered, ...layers }));
    }
    return functions;
  }
}

/** What adapters/world.ts reads; the key's ARN joins when the key exists. */
function environmentOf({ fleet, registryRegionOf, endpointOf }: Deployment, region: string): Record<string, string> {
  const names = resourceNames(fleet.fleet);
  const endpoint = endpointOf(region);
  return {
    [ENVIRONMENT.fleet]: fleet.fleet,
    [ENVIRONMENT.registryTable]: names.registryTable,
    [ENVIRONMENT.registryRegion]: registryRegionOf(region),
    [ENVIRONMENT.vitalsTable]: names.vitalsTable,
    [ENVIRONMENT.busName]: names.bus,
    ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint }),
  };
}
