/**
 * The process that does one vault job for an agent, so that neither its memory nor its work stands in the way of "may I sign slot N?".
 * It runs at a lower priority, and ends with its agent: what it had stored by then is found by the next run.
 */
import { setPriority } from "node:os";
import { openPlace } from "../../adapters/fleet-vault.ts";
import { openFleetKeyring } from "../../adapters/vault/fleet-keyring.ts";
import type { JobResult, VaultAccess } from "../../core/kernel/vault-job.ts";
import { backUp } from "./backup-work.ts";
import type { FromJob, JobBeginning, JobFault, ToJob } from "./job-messages.ts";
import type { JobTools } from "./job-tools.ts";
import { restore } from "./restore-work.ts";

/** Half-way between the node's priority and the least. */
const NICENESS = 10;
const PROGRESS_MS = 250;

let access: VaultAccess | undefined;
let still = (): void => {};
const cancelled = new AbortController();

const say = (message: FromJob): boolean => process.send?.(message) ?? false;

process.on("message", (message: ToJob) => {
  if (message.kind === "access") access = message.access;
  else if (message.kind === "still") still();
  else if (message.kind === "cancel") cancelled.abort(new Error("it was cancelled"));
  else void run(message.beginning);
});
process.once("disconnect", () => process.exit(0));
setPriority(NICENESS);

async function run(beginning: JobBeginning): Promise<void> {
  access = beginning.access;
  const progress = { doing: "opening the vault", files: 0, bytes: 0 };
  const timer = setInterval(() => say({ kind: "progress", ...progress }), PROGRESS_MS);
  try {
    const result = await work(beginning, progress);
    say({ kind: "progress", ...progress });
    say({ kind: "done", result });
  } catch (error) {
    say({ kind: "failed", fault: faultOf(error) });
  } finally {
    clearInterval(timer);
  }
}

async function work(beginning: JobBeginning, progress: JobTools["progress"]): Promise<JobResult> {
  const places = beginning.access.places.map((place) => openPlace(place, beginning.fleet, currentCredentials));
  const vault = await openFleetKeyring(places.map(({ place, store, wrapper }) => ({ region: place.region, store, wrapper })));
  const tools: JobTools = {
    stores: places.map(({ store }) => store),
    vault,
    progress,
    signal: cancelled.signal,
    standStill: () =>
      new Promise((resolve) => {
        still = resolve;
        say({ kind: "ready" });
      }),
    wasRead: () => void say({ kind: "read" }),
  };
  return beginning.work.kind === "backup" ? await backUp(beginning, beginning.work, tools) : await restore(beginning, beginning.work, tools);
}

/** Asked again by the SDK shortly before these end; whatever the control plane has sent by then is what there is. */
async function currentCredentials() {
  if (access === undefined) throw new Error("no access to the vault was given");
  const { accessKeyId, secretAccessKey, sessionToken } = access.credentials;
  return { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }), expiration: new Date(access.expiresAtMs) };
}

function faultOf(error: unknown): JobFault {
  const name = error instanceof Error ? error.name : "Error";
  const sentence = error instanceof Error ? error.message : String(error);
  const isTransient = error instanceof Error && "transient" in error && error.transient === true;
  return { name: name.slice(0, 64), sentence: sentence.slice(0, 2_000), transient: isTransient };
}
