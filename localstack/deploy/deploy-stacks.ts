/**
 * The very stacks that `cdk deploy` deploys, onto an emulator: synthesize and bootstrap side by side, deploy, then put back what the
 * emulator's CloudFormation drops. Every step reports its time. What is there and unchanged is left alone: bootstrapping by our own
 * look, stacks by the CDK's, which compares templates.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Processes } from "../processes/open-processes.ts";
import { type Applied, applyDropped } from "./apply-dropped.ts";
import { readAssembly } from "./assembly.ts";
import { ACCOUNT, type CdkCall, runCdk } from "./cdk.ts";
import { emptyBuckets } from "./empty-buckets.ts";
import { stackStatus } from "./stack-status.ts";

const BOOTSTRAP_STACK = "CDKToolkit";
/** Stacks at a time; the machine's cores are the emulator's as well. */
const CONCURRENCY = 2;

export type DeployOptions = {
  readonly processes: Processes;
  /** The project's folder. */
  readonly root: string;
  /** Where the CLI reaches the emulator. */
  readonly endpoint: string;
  /** Each Region, with the address by which its functions reach AWS: a link of that Region's own, so that it can be cut. */
  readonly regions: Readonly<Record<string, string>>;
  readonly fleetFile: string;
  /** For the synthesized app and outputs. */
  readonly folder: string;
  readonly context?: Readonly<Record<string, string>>;
  /** The app, where not the one in cdk.json. */
  readonly app?: string;
  readonly onProgress?: (step: { readonly name: "synth" | "bootstrap" | "deploy" | "put back"; readonly ms: number; readonly note?: string }) => void;
};

const Outputs = z.record(z.string(), z.record(z.string(), z.string()));
/** By stack, then by output. */
export type Outputs = z.infer<typeof Outputs>;
export type Deployed = { readonly outputs: Outputs; readonly stacks: readonly { name: string; region: string }[]; readonly putBack: Applied };

export async function deployStacks(options: DeployOptions): Promise<Deployed> {
  const { folder, endpoint, onProgress = () => undefined } = options;
  mkdirSync(folder, { recursive: true });
  const call = callOf(options);
  const synth = runCdk(call, "cdk-synth", synthArguments(options), options.root).then(({ ms }) => onProgress({ name: "synth", ms }));
  const bootstrap = bootstrapMissing(call, Object.keys(options.regions)).then(({ ms, note }) => onProgress({ name: "bootstrap", ms, note }));
  await settled([synth, bootstrap]);
  const outputsFile = join(folder, "outputs.json");
  const deploy = ["deploy", "--all", "--require-approval", "never", "--concurrency", String(CONCURRENCY), "--outputs-file", outputsFile];
  const { ms } = await runCdk(call, "cdk-deploy", [...deploy, "--app", assemblyFolder(folder), "--method", "direct"], folder);
  onProgress({ name: "deploy", ms });
  const from = performance.now();
  const stacks = readAssembly(assemblyFolder(folder));
  const putBack = await applyDropped({ endpoint, stacks });
  onProgress({ name: "put back", ms: Math.round(performance.now() - from), note: `${putBack.applied.length} of ${putBack.checked}` });
  const outputs = Outputs.parse(JSON.parse(readFileSync(outputsFile, "utf8")));
  return { outputs, stacks: stacks.map(({ name, region }) => ({ name, region })), putBack };
}

/** Takes down what the last `deployStacks` into the same folder put up, once its own buckets are empty. */
export async function destroyStacks(options: Omit<DeployOptions, "fleetFile" | "context" | "app" | "onProgress">): Promise<{ ms: number }> {
  const app = assemblyFolder(options.folder);
  for (const stack of readAssembly(app)) {
    if ((await stackStatus(options.endpoint, stack)) !== null) await emptyBuckets(options.endpoint, stack);
  }
  return runCdk(callOf(options), "cdk-destroy", ["destroy", "--all", "--force", "--app", app], options.folder);
}

function callOf({ processes, root, endpoint, folder, regions }: Omit<DeployOptions, "fleetFile">): CdkCall {
  const [region] = Object.keys(regions);
  if (region === undefined) throw new Error("a deployment needs at least one Region");
  return { processes, root, endpoint, folder, region };
}

/** The synthesized app of what was deployed into `folder`. */
export const assemblyFolder = (folder: string): string => join(folder, "cdk.out");

function synthArguments({ folder, fleetFile, regions, context = {}, app }: DeployOptions): string[] {
  const endpoints = Object.entries(regions).map(([region, endpoint]) => [`endpoint:${region}`, endpoint] as const);
  const all = [["fleet", fleetFile], ["rehearsal", "true"], ...endpoints, ...Object.entries(context)] as const;
  const contextArguments = all.flatMap(([key, value]) => ["--context", `${key}=${value}`]);
  return ["synth", "--quiet", "--output", assemblyFolder(folder), ...contextArguments, ...(app === undefined ? [] : ["--app", app])];
}

async function bootstrapMissing(call: CdkCall, regions: readonly string[]): Promise<{ ms: number; note: string }> {
  const from = performance.now();
  const missing: string[] = [];
  for (const region of regions) if (!(await isBootstrapped(call.endpoint, region))) missing.push(region);
  // From a folder without cdk.json, so that the CLI does not synthesize the app for it.
  if (missing.length > 0) await runCdk(call, "cdk-bootstrap", ["bootstrap", ...missing.map((region) => `aws://${ACCOUNT}/${region}`)], call.folder);
  return { ms: Math.round(performance.now() - from), note: missing.length > 0 ? missing.join(", ") : "was there" };
}

async function isBootstrapped(endpoint: string, region: string): Promise<boolean> {
  const status = await stackStatus(endpoint, { name: BOOTSTRAP_STACK, region });
  return status === "CREATE_COMPLETE" || status === "UPDATE_COMPLETE";
}

/** Waits for all, then throws the first failure: no tool is left at work behind an error. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
