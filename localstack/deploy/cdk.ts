/**
 * The project's own CDK CLI, with Node 24, pointed at an emulator and at nothing else: it gets the emulator's endpoint and account,
 * credentials that mean nothing anywhere, and no way to find the operator's own.
 */
import { mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Processes } from "../processes/open-processes.ts";
import { type Run, runToEnd } from "../processes/run-to-end.ts";

/** The account that LocalStack and its kin give to everybody who names none. */
export const ACCOUNT = "000000000000";
export const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" } as const;
/** A first deploy takes seconds; one that hangs (a custom resource) must not look like work for ever. */
const CDK_MS_MAX = 240_000;

export type CdkCall = {
  readonly processes: Processes;
  /** The project's folder. */
  readonly root: string;
  readonly endpoint: string;
  /** For what the CLI keeps to itself. */
  readonly folder: string;
  readonly region: string;
};

/** `name` is the process's and its log's. Throws with the end of the CLI's own words. */
export function runCdk(call: CdkCall, name: string, args: readonly string[], cwd: string): Promise<Run> {
  const home = join(call.folder, "cdk-home");
  mkdirSync(home, { recursive: true });
  const program = join(call.root, "node_modules", "aws-cdk", "bin", "cdk");
  return runToEnd(
    call.processes,
    { name, command: process.execPath, args: [program, ...args, "--ci", "--no-color"], cwd, env: environment(call, home) },
    { withinMs: CDK_MS_MAX },
  );
}

function environment({ endpoint, region }: CdkCall, home: string): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), process.env.PATH ?? "/usr/bin:/bin"].join(delimiter),
    HOME: home,
    TMPDIR: process.env.TMPDIR ?? "/tmp",
    NODE_OPTIONS: "--disable-warning=ExperimentalWarning",
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    CDK_DISABLE_CLI_TELEMETRY: "true",
  };
}
