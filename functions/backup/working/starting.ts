/**
 * Takes requests from the queue: one message asks for one source, or for all that the fleet file names. What a request becomes is decided
 * on the source's cell, so a message that is delivered twice, or beside others, starts one run.
 */
import * as z from "zod";
import { admitRequest, newSource } from "../../../core/backup/asynchronous-backup/source.ts";
import type { BackupRequest } from "../../../core/kernel/backup-source.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { FleetMismatch, faultsOf, InputInvalid } from "../../../core/kernel/errors.ts";
import { EVENTS } from "../../../core/kernel/events.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { JobId } from "../../../core/kernel/vault-job.ts";
import { sourcesOf } from "../../../core/kernel/vault-rules.ts";

const BODY_CHARACTERS_MAX = 256 * 1_024;
const DAY_MS = 86_400_000;

/** As SQS hands messages to a function. */
export const QueueDelivery = z.object({
  Records: z
    .array(z.object({ messageId: z.string().regex(/^[A-Za-z0-9-]{8,36}$/), body: z.string().max(BODY_CHARACTERS_MAX) }))
    .min(1)
    .max(10),
});
export type QueueDelivery = z.infer<typeof QueueDelivery>;

export type Started = { readonly source: string; readonly run: string; readonly verdict: string; readonly reason: string };

export async function startBackups(world: World, { Records }: QueueDelivery): Promise<{ decision: string; reason: string; started: Started[] }> {
  const started: Started[] = [];
  for (const { messageId, body } of Records) {
    const asked = parseBody(body);
    const known = sourcesOf(world.fleet);
    if (asked.source !== undefined && !known.includes(asked.source))
      throw new FleetMismatch({ what: "the source", found: asked.source, allowed: known });
    for (const source of asked.source === undefined ? known : [asked.source]) {
      /** 80 characters at most, which is what Step Functions takes. */
      const run = JobId.parse(`${messageId.toLowerCase()}-${source.replace(".", "-")}`);
      const request = { run, atMs: world.clock.wallMs(), by: asked.requestedBy, reason: asked.reason, fullReread: asked.fullReread };
      started.push(await start(world, source, request));
    }
  }
  const reason = started.map(({ source, verdict, reason: why }) => `${source}: ${verdict}, ${why}`).join("; ");
  return { decision: started.some(({ verdict }) => verdict === "start") ? "started" : "nothing-started", reason, started };
}

async function start(world: World, source: string, request: BackupRequest): Promise<Started> {
  const fullRereadMs = (world.fleet.vault?.backups?.fullRereadDays ?? 7) * DAY_MS;
  const admitted = await updateRecord(world.registry, "backupSource", source, (cell) =>
    admitRequest(cell ?? newSource(source), request, { nowMs: world.clock.wallMs(), fullRereadMs }),
  );
  const { verdict, reason } = admitted;
  /** A repeated message may be one whose first delivery died before this line; a second start of one name does nothing. */
  if (verdict === "start" || verdict === "repeated") await world.workflows.start(request.run, { fleet: world.fleet.fleet, source, run: request.run });
  world.log.decision({ module: "backup", subject: source, kind: `request-${verdict}`, reason, run: request.run });
  return { source, run: request.run, verdict, reason };
}

function parseBody(body: string) {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new InputInvalid({ where: "a message of the backup queue", faults: ["it is not JSON"] });
  }
  const parsed = EVENTS["backup.requested"].safeParse(json);
  if (parsed.success) return parsed.data;
  throw new InputInvalid({ where: "a message of the backup queue", faults: faultsOf(parsed.error) });
}
