/** Ends a drill: the proven figures go to the registry, the bus and the metrics; a failed one is told as what it is, an incident. */
import { figuresOf } from "../../../core/backup/restore-drill/figures.ts";
import type { Drill } from "../../../core/kernel/backup-source.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { recordIncident } from "../../recorded-incident.ts";
import { causeOf } from "../caught.ts";
import { type DrillStep, endDrill } from "./step.ts";

const SENTENCE_MAX = 2_000;

export async function closeDrill(world: World, step: DrillStep): Promise<{ decision: string; reason: string }> {
  const endedAtMs = world.clock.wallMs();
  const { drill, source, sequence, node, region, startedAtMs, restoreOnly } = step;
  if (restoreOnly) return await closeRestore(world, step, endedAtMs);
  const figures = figuresFrom(step);
  if (figures === null) {
    const sentence = `the drill of ${source} failed: ${faultOf(step)}`.slice(0, SENTENCE_MAX);
    await endDrill(world, step, { status: "failed", endedAtMs, sentence, doing: "" });
    await tellFailedDrill(world, { drill, source, node, startedAtMs, sentence });
    return { decision: "failed", reason: sentence };
  }
  const sentence = sentenceOf(step, figures, endedAtMs);
  await endDrill(world, step, { status: "proven", endedAtMs, figures, checks: step.checks, sentence, doing: "" });
  world.metrics.count("ProvenRpoSeconds", figures.rpoSeconds);
  world.metrics.count("ProvenRtoMs", figures.rtoMs);
  world.metrics.count("DrillsFailed", 0);
  await world.bus.publish("backup.restore-proven", {
    drill,
    source,
    sequence,
    from: region,
    node,
    rpoSeconds: figures.rpoSeconds,
    rpoBlocks: figures.rpoBlocks,
    rtoMs: figures.rtoMs,
    restoredBytesPerSecond: figures.restoredBytesPerSecond,
    caughtUpBlocksPerSecond: figures.caughtUpBlocksPerSecond,
    reason: sentence,
  });
  return { decision: "proven", reason: sentence };
}

const faultOf = ({ error, reason }: DrillStep): string => (error === undefined ? (reason ?? "nobody knows why") : causeOf(error));

/** Nothing was booted, so nothing is proven: it says what lies where. */
async function closeRestore(world: World, step: DrillStep, endedAtMs: number): Promise<{ decision: string; reason: string }> {
  const { source, sequence, node, restore, error } = step;
  const isRestored = restore !== undefined && error === undefined;
  const sentence = (
    isRestored
      ? `backup ${sequence} of ${source} is restored on ${node}'s host in ${restore.folder}`
      : `the restore of ${source} on ${node} failed: ${faultOf(step)}`
  ).slice(0, SENTENCE_MAX);
  await endDrill(world, step, { status: isRestored ? "restored" : "failed", endedAtMs, sentence, doing: "" });
  return { decision: isRestored ? "restored" : "failed", reason: sentence };
}

type FailedDrill = Pick<DrillStep, "drill" | "node" | "startedAtMs"> & { readonly source: string; readonly sentence: string };

/** Until a drill succeeds nobody knows that the backups can be restored: that is an incident, filed under the first role. */
export async function tellFailedDrill(world: World, { drill, source, node, startedAtMs, sentence }: FailedDrill): Promise<void> {
  world.metrics.count("DrillsFailed", 1);
  await world.bus.publish("backup.drill-failed", { drill, source, node, reason: sentence });
  const [role] = world.fleet.roles;
  if (role === undefined) return;
  await recordIncident(world, {
    role: role.name,
    kind: "alarm",
    openedAtMs: startedAtMs,
    reason: sentence,
    requestedBy: "drill",
    owner: `drill:${drill}`,
    step: "CloseDrill",
    facts: { drill },
  });
}

function figuresFrom({ error, startedAtMs, restore, boot, booted, caughtUp, networkHead }: DrillStep): NonNullable<Drill["figures"]> | null {
  if (error !== undefined || restore === undefined || boot === undefined || booted === undefined || caughtUp === undefined) return null;
  return figuresOf({
    startedAtMs,
    restoreMs: restore.ms,
    restoredBytes: restore.bytes,
    bootedAtMs: boot.atMs,
    bootMs: boot.ms,
    caughtUpAtMs: caughtUp.atMs,
    bootedHead: booted,
    caughtUpHeight: caughtUp.height,
    networkHead,
  });
}

/** The sentence that an operator buys. */
function sentenceOf({ source, sequence, region, tearDownError }: DrillStep, figures: NonNullable<Drill["figures"]>, endedAtMs: number): string {
  const at = new Date(endedAtMs).toISOString().slice(11, 16);
  const left = tearDownError === undefined ? "" : `; its scratch node was NOT taken down: ${causeOf(tearDownError)}`;
  const { rpoSeconds, rpoBlocks, rtoMs } = figures;
  return `backup ${sequence} of ${source}, from ${region}: restored, booted and checked at ${at} UTC, ${rpoSeconds} s (${rpoBlocks} blocks) behind, in ${inWords(rtoMs)}${left}`.slice(
    0,
    SENTENCE_MAX,
  );
}

function inWords(ms: number): string {
  const seconds = ms / 1_000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
