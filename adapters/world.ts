/**
 * The one place where a function's world is put together, and the one reader of its environment. Opened once a process.
 * Only what every function needs is loaded with it; what speaks to nodes, agents, the bus and Step Functions is loaded by
 * its first use, so that a function pays at its start for nothing it never asks.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ENVIRONMENT, FLEET_FILE } from "../core/kernel/environment.ts";
import { faultsOf, InputInvalid } from "../core/kernel/errors.ts";
import type { Fleet } from "../core/kernel/fleet.ts";
import type { Agents, Bus, Nodes, Workflows, World } from "../core/kernel/ports.ts";
import type { NamedMetrics } from "../core/kernel/service-ports.ts";
import { Settings } from "../core/kernel/settings.ts";
import type { Authority } from "./authority-kms.ts";
import { capacities } from "./capacity-actuator.ts";
import { systemClock } from "./clock-system.ts";
import { systemEntropy } from "./entropy-system.ts";
import { powertoolsLog } from "./log-powertools.ts";
import { embeddedMetrics } from "./metrics-embedded.ts";
import { dynamoRegistry } from "./registry-dynamo.ts";

type Environment = Readonly<Record<string, string | undefined>>;

let opened: World | undefined;

/** The function's world, the same at every call of a process. */
export function openWorld(): World {
  opened ??= assembleWorld(process.env);
  return opened;
}

export function assembleWorld(environment: Environment): World {
  const settings = readSettings(environment);
  const fleet = readFleetFile(environment, settings.fleet);
  const { region, module } = settings;
  const clock = systemClock();
  const entropy = systemEntropy();
  const log = powertoolsLog({ fleet: settings.fleet, region });
  const authority = authorityByFirstUse(settings, { clock, log });
  return {
    fleet,
    region,
    module,
    registry: dynamoRegistry({ ...settings, clock, entropy }),
    nodes: nodesByFirstUse(region, fleet),
    agents: agentsByFirstUse(authority, { fleet, region, clock, entropy }),
    bus: busByFirstUse({ ...settings, clock, entropy }),
    workflows: workflowsByFirstUse(settings),
    vault: vaultByFirstUse(settings, fleet, environment.AWS_ENDPOINT_URL),
    capacity: fleet.scaling === undefined ? null : capacities({ fleet, clock, entropy, authority }),
    history: storeByFirstUse(settings.historyBucket, region, environment.AWS_ENDPOINT_URL),
    models: storeByFirstUse(settings.modelBucket, fleet.regions.home, environment.AWS_ENDPOINT_URL),
    namedMetrics: namedMetricsByFirstUse(fleet),
    clock,
    entropy,
    metrics: embeddedMetrics(settings),
    log,
  };
}

export function readSettings(environment: Environment): Settings {
  const names = { ...ENVIRONMENT, region: "AWS_REGION" };
  const given = Object.fromEntries(Object.entries(names).map(([setting, variable]) => [setting, environment[variable]]));
  const parsed = Settings.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InputInvalid({ where: `the function's environment (${Object.values(names).join(", ")})`, faults: faultsOf(parsed.error) });
}

function readFleetFile(environment: Environment, name: string): Fleet {
  const file = join(environment.LAMBDA_TASK_ROOT ?? ".", FLEET_FILE);
  // Parsed where it entered, by the synthesis that wrote this file beside this code: its shape is not built again at each cold start.
  const fleet = JSON.parse(readFileSync(file, "utf8")) as Fleet;
  if (fleet.fleet === name) return fleet;
  throw new InputInvalid({ where: file, faults: [`it is the fleet ${fleet.fleet}'s; this function was deployed for ${name}`] });
}

/** Made at the first call, once; a making that failed is tried again by the next. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

function nodesByFirstUse(region: string, fleet: Fleet): Nodes {
  const nodes = once(async () => (await import("./node-evm.ts")).evmNodes({ region, finality: fleet.chain.finality }));
  return {
    probe: async (...asked) => (await nodes()).probe(...asked),
    recentBlocks: async (...asked) => (await nodes()).recentBlocks(...asked),
  };
}

function authorityByFirstUse(settings: Settings, { clock, log }: Pick<World, "clock" | "log">): () => Promise<Authority> {
  return once(async () => {
    const { kmsAuthority } = await import("./authority-kms.ts");
    return kmsAuthority({
      fleet: settings.fleet,
      clock,
      keyId: settings.authorityKey,
      region: regionOfKey(settings),
      onRenewalFailed: ({ message }) => log.warn("the session key was not renewed; the one before is still good", { why: message }),
    });
  });
}

function agentsByFirstUse(authority: () => Promise<Authority>, given: Pick<World, "fleet" | "region" | "clock" | "entropy">): Agents {
  const agents = once(async () => {
    const [{ httpAgents }, signing] = await Promise.all([import("./agents-http.ts"), authority()]);
    return httpAgents({ ...given, authority: signing });
  });
  return { call: async (...asked) => (await agents()).call(...asked) };
}

/** A key named by its ARN says where it is; an id or an alias is in the function's own Region. */
function regionOfKey({ authorityKey, region }: Settings): string {
  return authorityKey.startsWith("arn:") ? (authorityKey.split(":")[3] ?? region) : region;
}

function busByFirstUse(given: Settings & Pick<World, "clock" | "entropy">): Bus {
  const bus = once(async () => (await import("./bus-eventbridge.ts")).eventBridgeBus(given));
  return { publish: async (...asked) => (await bus()).publish(...asked) };
}

function workflowsByFirstUse({ region, stateMachine }: Settings): Workflows {
  const workflows = once(async () =>
    (await import("./workflows-stepfunctions.ts")).stepFunctionsWorkflows({
      region,
      ...(stateMachine === undefined ? {} : { stateMachineArn: stateMachine }),
    }),
  );
  return {
    decide: async (...asked) => (await workflows()).decide(...asked),
    start: async (...asked) => (await workflows()).start(...asked),
  };
}

function vaultByFirstUse({ region, vaultAccount: account, vaultAgentRole: agentRole }: Settings, fleet: Fleet, endpoint: string | undefined) {
  if (account === undefined || fleet.vault === undefined) return null;
  return once(async () => (await import("./fleet-vault-aws.ts")).awsFleetVault({ fleet, region, account, agentRole, endpoint }));
}

/** Objects of history and models are a vault's in all that the port asks: written once, whole or absent. */
function storeByFirstUse(bucket: string | undefined, region: string, endpoint: string | undefined): World["history"] {
  if (bucket === undefined) return null;
  return once(async () => (await import("./vault-s3.ts")).s3Vault({ bucket, region, ...(endpoint === undefined ? {} : { endpoint }) }));
}

function namedMetricsByFirstUse(fleet: Fleet): (() => Promise<NamedMetrics>) | null {
  const isDemand = fleet.scaling?.groups.some(({ demand }) => demand.kind === "cloudwatch") === true;
  if (fleet.policies.prediction.metrics.length === 0 && !isDemand) return null;
  return once(async () => (await import("./metrics-cloudwatch.ts")).cloudWatchMetrics({ fleet }));
}
