/**
 * Trains a candidate, judges it beside the live model, and promotes it where it is better: the file first, then the pointer, on the condition that
 * nobody moved it meanwhile. Too little to train on is no error: what is live stays, and the record says why.
 */

import { type OpenedModel, openModel } from "../../../adapters/history/read-model.ts";
import type { LiveModel, ModelCandidate, ModelPointer } from "../../../core/kernel/live-model.ts";
import type { HistoryStore, World } from "../../../core/kernel/ports.ts";
import { driftOf, type Weighed, weighCandidate } from "../../../core/prediction/predictive-model/candidate.ts";
import { decideModel } from "../../../core/prediction/predictive-model/gate.ts";
import { nodeModelSettings } from "../../../core/prediction/predictive-model/node-history.ts";
import { publicationOf } from "../../../core/prediction/predictive-model/publication.ts";
import { type FoundDrift, type Promoted, promoteModel, recordCandidate } from "./promoting.ts";
import { cadenceOf, type Lives, readLives } from "./reading-lives.ts";

const WEEK_MS = 7 * 86_400_000;

export type Trained = { readonly decision: ModelCandidate["decision"] | "not-here"; readonly reason: string; readonly version: string | null };

export async function trainLiveModel(world: World): Promise<Trained> {
  if (world.history === null || world.models === null)
    return { decision: "not-here", reason: "this function was not told where history and models are kept", version: null };
  const [history, models] = await Promise.all([world.history(), world.models()]);
  const cadence = cadenceOf(world);
  const lives = await readLives(world, history);
  const found = await world.registry.read("liveModel", "live");
  const live = found.kind === "found" ? found.value.live : null;
  const opened = live === null ? null : await openModel(models, live);
  const atMs = world.clock.wallMs();
  const ended = async (decision: "thin" | "failed", reason: string, drift: FoundDrift | null): Promise<Trained> => {
    const candidate = { atMs, version: null, decision, reason: reason.slice(0, 2_000), evaluation: null, beside: null };
    return { ...(await recordCandidate(world, candidate, drift)), version: null };
  };
  if (opened?.kind === "unavailable") return await ended("failed", `nothing was trained: the live one cannot be read now, ${opened.reason}`, null);
  const checked = live === null ? null : checkLive(world, live, { opened, lives });
  const fit = checked?.isFit === true && opened?.kind === "read" ? opened.record.model : null;
  const weekSteps = Math.max(1, Math.round(WEEK_MS / cadence.stepMs));
  const weighing = weighCandidate({ pieces: lives.pieces, settings: nodeModelSettings(cadence), weekSteps, live: fit });
  const drift = live === null || !checked?.drift ? null : { version: live.version, drift: checked.drift };
  if (weighing.kind === "thin") return await ended("thin", weighing.reason, drift);
  const beside = live === null || weighing.liveBrier === null ? null : { version: live.version, brier: weighing.liveBrier };
  const because = checked === null || fit !== null ? "" : `; the live one counts for nothing: ${checked.reason}`;
  const judged = { weighing, beside, because, nodes: lives.nodes, atMs };
  return await publish(world, models, { judged, drift, liveBefore: live });
}

type Judged = {
  readonly weighing: Weighed;
  readonly beside: ModelCandidate["beside"];
  readonly because: string;
  readonly nodes: number;
  readonly atMs: number;
};
type Publishing = { readonly judged: Judged; readonly drift: FoundDrift | null; readonly liveBefore: LiveModel["live"] };

async function publish(world: World, models: HistoryStore, { judged, drift, liveBefore }: Publishing): Promise<Trained> {
  const { weighing, beside, because, nodes, atMs } = judged;
  const reason = `${weighing.verdict.reason}${because}`.slice(0, 2_000);
  const facts = { cadence: cadenceOf(world), atMs, nodes, region: world.fleet.regions.home, reason };
  const { file, pointer } = publicationOf(weighing, facts);
  const { version, evaluation, key } = pointer;
  const candidate = { atMs, version, reason, evaluation, beside };
  if (weighing.verdict.kind !== "promote") {
    const decision = weighing.verdict.kind === "failed" ? ("failed" as const) : ("kept" as const);
    return { ...(await recordCandidate(world, { ...candidate, decision }, drift)), version };
  }
  await models.put(key, Buffer.from(file));
  const back = await openModel(models, pointer);
  if (back.kind !== "read") {
    const unread = { ...candidate, decision: "failed" as const, reason: `its file does not read back: ${back.reason}`.slice(0, 2_000) };
    return { ...(await recordCandidate(world, unread, drift)), version };
  }
  const promoted: Promoted = { pointer, candidate: { ...candidate, decision: "promoted" }, before: liveBefore?.version ?? null };
  return { ...(await promoteModel(world, promoted)), version };
}

type Checking = { readonly opened: OpenedModel | null; readonly lives: Lives };

/** Whether the live one may be measured against, and how far the newest week is from what it knew. */
function checkLive(
  world: World,
  live: ModelPointer,
  { opened, lives }: Checking,
): { readonly isFit: boolean; readonly reason: string; readonly drift: ModelPointer["drift"] | null } {
  if (opened?.kind !== "read") return { isFit: false, reason: opened?.reason ?? "it was not read", drift: null };
  const { model, evaluation } = opened.record;
  const now = cadenceOf(world);
  const isSame =
    live.stepMs === now.stepMs && live.horizonMs === now.horizonMs && model.settings.columns.join() === nodeModelSettings(now).columns.join();
  if (!isSame) return { isFit: false, reason: "the fleet file asks for another horizon or cadence, or other signals are measured", drift: null };
  const found = driftOf(model, lives.pieces, Math.round(WEEK_MS / live.stepMs));
  const atMs = world.clock.wallMs();
  const facts = { rows: live.rows, failures: live.failures, trainedAgoMs: atMs - live.trainedAtMs, evaluation, drift: found, gapsShare: 0 };
  const decision = decideModel({ file: { kind: "read" }, ...facts });
  const drift = { kind: found.kind, reason: found.reason.slice(0, 2_000), atMs };
  return { isFit: decision.kind === "use-model", reason: decision.reason, drift };
}
