/**
 * The watchers' first run. The minute rule fires for the first time a minute after the deploy; a start that wants to be live sooner
 * invokes each Region's watcher once itself, and the rule relieves it as any later run does.
 */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { Transient } from "../../core/kernel/errors.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { CREDENTIALS } from "../deploy/cdk.ts";
import { waitFor } from "../wait-for.ts";

const ACCEPTED = 202;

export async function startWatching(options: { endpoint: string; fleet: Fleet }): Promise<void> {
  const { endpoint, fleet } = options;
  for (const region of fleet.regions.observers) {
    const client = new LambdaClient({ endpoint, region, credentials: CREDENTIALS });
    const order = { FunctionName: resourceNames(fleet.fleet).function("watch-fleet"), InvocationType: "Event", Payload: "{}" } as const;
    const { StatusCode } = await client.send(new InvokeCommand(order)).finally(() => client.destroy());
    if (StatusCode !== ACCEPTED) throw new Error(`watch-fleet in ${region} was not accepted: Lambda answered ${StatusCode}`);
  }
}

/** Every observer calls every node healthy, and every role has a holder whose agent was granted it. */
export async function untilWatched(options: { registry: Registry; fleet: Fleet; withinMs: number }): Promise<void> {
  let missing: string[] = [];
  await waitFor(
    () => `the fleet to be watched; missing: ${missing.join("; ")}`,
    options.withinMs,
    async () => {
      missing = await whatIsMissing(options.registry, options.fleet).catch(notNow);
      return missing.length === 0;
    },
  );
}

/** An emulator that starts functions on a busy machine may be silent for seconds; it is asked again. */
function notNow(error: unknown): string[] {
  if (error instanceof Transient) return [error.message];
  throw error;
}

async function whatIsMissing(registry: Registry, fleet: Fleet): Promise<string[]> {
  const [verdicts, leases] = await Promise.all([registry.list("verdict", { limit: 1_000 }), registry.list("lease", { limit: 100 })]);
  const missing: string[] = [];
  for (const { id } of fleet.nodes)
    for (const observer of fleet.regions.observers) {
      const verdict = verdicts.find(({ value }) => value.node === id && value.observer === observer)?.value;
      if (verdict?.kind !== "healthy") missing.push(`${observer} calls ${id} ${verdict?.kind ?? "nothing yet"}`);
    }
  for (const { name } of fleet.roles) {
    const lease = leases.find(({ value }) => value.role === name)?.value;
    if (lease?.state !== "held" || lease.boot === null) missing.push(`role ${name} is not held`);
  }
  return missing;
}
