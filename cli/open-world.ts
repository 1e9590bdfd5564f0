/**
 * Where the command line's world is put together: a rehearsal on this machine if one runs, else the AWS account that the
 * environment's credentials open. The one file of cli/ that touches the process's environment, because the SDK looks there.
 */
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { eventBridgeBus } from "../adapters/bus-eventbridge.ts";
import { systemClock } from "../adapters/clock-system.ts";
import { systemEntropy } from "../adapters/entropy-system.ts";
import { readFleet } from "../adapters/fleet-yaml.ts";
import { evmNodes } from "../adapters/node-evm.ts";
import { dynamoRegistry } from "../adapters/registry-dynamo.ts";
import { stepFunctionsWorkflows } from "../adapters/workflows-stepfunctions.ts";
import { WorkflowsUnavailable } from "../core/kernel/errors.ts";
import type { Fleet } from "../core/kernel/fleet.ts";
import { resourceNames } from "../core/kernel/names.ts";
import type { Workflows } from "../core/kernel/ports.ts";
import { type Operations, type Options, textOption } from "./command.ts";
import { CommandFailed, EXIT } from "./exit-codes.ts";
import { everywhere } from "./registry-everywhere.ts";
import { findRehearsal, type Rehearsal } from "./rehearsal.ts";

export const REHEARSAL_FOLDER = ".rehearsal";
const FLEET_FILE = "fleet.yaml";

// biome-ignore lint/style/noProcessEnv: the SDK reads its Region and credentials here, so this is where they are given to it.
const environment = process.env;

/** 1,000 state machines a page: an account's quota is 10,000. */
const PAGES_MAX = 10;
const ATTEMPTS = 3;
const ATTEMPT_MS = 3_000;
const CONNECT_MS = 1_000;

/** `--fleet`, `--region`, `--profile`, `--file`, `--aws` and `--rehearsal`, completed from the rehearsal or the fleet file. */
export function openOperations(options: Options, folder: string = process.cwd()): Operations {
  const rehearsal = options.aws === true ? null : findRehearsal(textOption(options, "rehearsal") ?? join(folder, REHEARSAL_FOLDER));
  setCredentials(rehearsal, textOption(options, "profile"));
  const fleet = findFleet(options, rehearsal, folder);
  const fleetName = textOption(options, "fleet") ?? fleet?.fleet;
  const region = textOption(options, "region") ?? fleet?.regions.home ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  if (fleetName === undefined || region === undefined) {
    throw new CommandFailed({
      code: EXIT.usage,
      sentence: `which ${fleetName === undefined ? "fleet" : "Region"}? No rehearsal runs here, and there is no ${FLEET_FILE} in this folder.`,
      next: "Start a rehearsal with `npm start`; or name them: --file <fleet.yaml>, or --fleet <name> --region <its home Region>.",
    });
  }
  return assemble({ fleetName, region, fleet: fleet?.fleet === fleetName ? fleet : null, rehearsal, by: textOption(options, "by") });
}

type Known = { fleetName: string; region: string; fleet: Fleet | null; rehearsal: Rehearsal | null; by: string | undefined };

function assemble({ fleetName, region, fleet, rehearsal, by }: Known): Operations {
  const names = resourceNames(fleetName);
  const { registryTable, vitalsTable } = names;
  const endpoint = rehearsal === null ? {} : { endpoint: rehearsal.endpoint };
  const clock = systemClock();
  const entropy = systemEntropy();
  const registryIn = (own: string) =>
    dynamoRegistry({ fleet: fleetName, registryTable, registryRegion: region, vitalsTable, region: own, clock, entropy, ...endpoint });
  const home = registryIn(region);
  const regional = (fleet?.regions.observers ?? []).map((own) => ({ region: own as string, registry: own === region ? home : registryIn(own) }));
  const missingRegions = new Map<string, string>();
  const nodes = rehearsal === null || fleet === null ? null : evmNodes({ region, finality: fleet.chain.finality });
  const bus = eventBridgeBus({ fleet: fleetName, region, busName: names.bus, clock, entropy, ...endpoint });
  return {
    fleetName,
    fleet,
    region,
    registry: everywhere(home, regional, (own, reason) => (reason === null ? missingRegions.delete(own) : missingRegions.set(own, reason))),
    workflows: {
      ...workflowsOf({ region, stateMachine: names.stateMachine, ...endpoint }),
      startNamed: async (which, name, input) =>
        await workflowsOf({ region, stateMachine: which === "drill" ? names.drillMachine : names.backupMachine, ...endpoint }).start(name, input),
    },
    bus,
    nodes,
    clock,
    entropy,
    rehearsal,
    requestedBy: by ?? userInfo().username,
    missingRegions,
    close: () => {
      for (const each of new Set([home, ...regional.map(({ registry }) => registry)])) each.close();
      bus.close();
      nodes?.close();
    },
  };
}

/** The emulator takes any credentials and needs some; a profile is the SDK's own word, read when its first client is made. */
function setCredentials(rehearsal: Rehearsal | null, profile: string | undefined): void {
  if (rehearsal !== null) {
    Object.assign(environment, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });
    /** With a profile as well the SDK would warn that it has two to choose from. */
    delete environment.AWS_PROFILE;
  } else if (profile !== undefined) environment.AWS_PROFILE = profile;
}

function findFleet(options: Options, rehearsal: Rehearsal | null, folder: string): Fleet | null {
  const named = textOption(options, "file");
  const nearby = join(folder, FLEET_FILE);
  const file = named ?? rehearsal?.fleetFile ?? (existsSync(nearby) ? nearby : undefined);
  if (file === undefined) return null;
  const read = readFleet(file);
  if (read.kind === "read") return read.fleet;
  throw new CommandFailed({
    code: EXIT.usage,
    sentence: `the fleet file has faults:\n  ${read.faults.join("\n  ")}`,
    next: "Mend them, or name another file with --file.",
  });
}

/** The state machine's ARN holds the account's number, which the account itself is asked for: by the machine's name. */
function workflowsOf(place: { region: string; stateMachine: string; endpoint?: string }): Workflows {
  const { region, endpoint } = place;
  const given = { region, ...(endpoint === undefined ? {} : { endpoint }) };
  return {
    decide: async (approval, decision) => await stepFunctionsWorkflows(given).decide(approval, decision),
    start: async (name, input) => await stepFunctionsWorkflows({ ...given, stateMachineArn: await findStateMachine(place) }).start(name, input),
  };
}

async function findStateMachine({ region, stateMachine, endpoint }: { region: string; stateMachine: string; endpoint?: string }): Promise<string> {
  const client = new SFNClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ATTEMPT_MS, throwOnRequestTimeout: true },
  });
  let nextToken: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await client.send(new ListStateMachinesCommand({ maxResults: 1_000, nextToken })).catch((error: unknown) => {
      throw new WorkflowsUnavailable({ action: `list its state machines in ${region}`, cause: error });
    });
    const found = listed.stateMachines?.find((machine) => machine.name === stateMachine)?.stateMachineArn;
    if (found !== undefined) return found;
    nextToken = listed.nextToken;
    if (nextToken === undefined) break;
  }
  throw new CommandFailed({
    code: EXIT.notFound,
    sentence: `there is no state machine ${stateMachine} in ${region}: the fleet is not deployed there, or under another account.`,
    next: "Check --fleet, --region and --profile; `npx cdk deploy --all -c fleet=<file>` deploys it.",
  });
}
