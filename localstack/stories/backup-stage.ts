/** What stories of backups do beside the others': the operator's own command line, the node's directory as it lies there, a function run by hand. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { resourceNames } from "../../core/kernel/names.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { ACCOUNT, CREDENTIALS } from "../deploy/cdk.ts";
import type { Rehearsal } from "../rehearsal/open-rehearsal.ts";

const HA_MS = 300_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export type HaAnswer = { readonly code: number; readonly data: Record<string, unknown>; readonly err: string };

/** Runs `ha … --json` as an operator would, in a process of its own. */
export function ha({ folder }: Pick<Rehearsal, "folder">, ...args: readonly string[]): Promise<HaAnswer> {
  const program = join(import.meta.dirname, "..", "..", "cli", "ha.ts");
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args, "--json", "--rehearsal", folder, "--by", "story"],
      { timeout: HA_MS, maxBuffer: OUTPUT_BYTES_MAX },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, data: parse(out), err: `${err}${error !== null && code === -1 ? error.message : ""}` });
      },
    );
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
}

/** The digest of the node's dump as it lies in its data directory, or in a folder that was restored. */
export async function stateDigest(folder: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(join(folder, "state.json")))
    .digest("hex");
}

export const dataFolder = ({ folder }: Pick<Rehearsal, "folder">, node: string): string => join(folder, "hosts", node, "data");

/** By Region. */
export function bucketsOf({ fleet }: Pick<Rehearsal, "fleet">): Map<string, string> {
  const places = vaultPlaces(fleet);
  const { vaultBucket } = resourceNames(fleet.fleet);
  return new Map((places === null ? [] : [places.home, ...places.replicas]).map((region) => [region, vaultBucket(ACCOUNT, region)]));
}

/** Gives a function so little time that Lambda ends it in the middle; the answer gives it its own time again. */
export async function limitFunction({ emulator, fleet }: Rehearsal, region: string, name: string, seconds: number): Promise<() => Promise<void>> {
  const FunctionName = resourceNames(fleet.fleet).function(name);
  const within = async <T>(work: (client: LambdaClient) => Promise<T>): Promise<T> => {
    const client = new LambdaClient({ endpoint: emulator.endpoint, region, credentials: CREDENTIALS });
    return await work(client).finally(() => client.destroy());
  };
  const give = (Timeout: number): Promise<unknown> =>
    within((client) => client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout })));
  const { Timeout = 900 } = await within((client) => client.send(new GetFunctionConfigurationCommand({ FunctionName })));
  await give(seconds);
  return async () => {
    await give(Timeout);
  };
}

/** A function of the control plane, run by hand as in Lambda's console. */
export async function invoke(
  { emulator, fleet }: Rehearsal,
  region: string,
  name: string,
  input: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const client = new LambdaClient({ endpoint: emulator.endpoint, region, credentials: CREDENTIALS });
  try {
    const { Payload, FunctionError } = await client.send(
      new InvokeCommand({ FunctionName: resourceNames(fleet.fleet).function(name), Payload: JSON.stringify(input) }),
    );
    const answer = JSON.parse(Buffer.from(Payload ?? []).toString("utf8")) as Record<string, unknown>;
    if (FunctionError !== undefined) throw new Error(`${name} in ${region} failed: ${JSON.stringify(answer).slice(0, 500)}`);
    return answer;
  } finally {
    client.destroy();
  }
}
