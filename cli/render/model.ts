/** The model for people: what it is worth beside what anyone could have said without it, and whether it is listened to. */
import type { ModelCandidate, ModelEvaluation, ModelPointer } from "../../core/kernel/live-model.ts";
import type { ModelFacts } from "../facts/model.ts";
import { type Paint, paintState } from "./paint.ts";
import { counted, table } from "./table.ts";
import { instant, span } from "./time.ts";

const SHOWN_REASONS_MAX = 3;
const percent = (share: number | null): string => (share === null ? "-" : `${Math.round(share * 100)} %`);
const score = (brier: number): string => brier.toFixed(4);

export function renderModel(paint: Paint, facts: ModelFacts, nowMs: number): string {
  const { live, decision, candidates } = facts;
  if (live === null || decision === null) {
    const newest = candidates[0];
    const why = newest === undefined ? "none was trained yet; train-model runs once a day" : `${newest.decision}: ${newest.reason}`;
    return `No model is live, so lines and thresholds foretell alone. ${why}.`;
  }
  const speaks = decision.kind === "use-model" ? paint.green("it may speak") : paint.red("it may not speak");
  return [
    `${paint.bold(live.version)}, live since ${span(nowMs - live.promotedAtMs)} ago: ${live.reason}.`,
    spanOf(live, nowMs),
    trialOf(paint, live.evaluation),
    `Gate: ${speaks}: ${decision.reason}.`,
    `Drift, ${span(nowMs - live.drift.atMs)} ago: ${live.drift.kind}: ${live.drift.reason}.`,
    askedOf(paint, facts),
  ].join("\n\n");
}

function spanOf({ trainedAtMs, fromMs, untilMs, nodes, rows, failures, horizonMs }: ModelPointer, nowMs: number): string {
  const what = `${counted(rows, "row")} of ${counted(nodes, "node")} with ${counted(failures, "fault")}`;
  return `Trained ${span(nowMs - trainedAtMs)} ago on ${what}, ${instant(fromMs)} to ${instant(untilMs)}; looks ${span(horizonMs)} ahead.`;
}

function trialOf(paint: Paint, evaluation: ModelEvaluation): string {
  const { brier, baselines, rows, failures, level, precision, recall, leadMsMedian, calibrationError } = evaluation;
  const scored = [["this model", brier] as const, ...Object.entries(baselines)].toSorted(([, left], [, right]) => left - right);
  const rowsOf = scored.map(([name, value]) => [name === "this model" ? paint.bold(name) : name, score(value)]);
  const lead = leadMsMedian === null ? "no fault was warned of" : `the median warning came ${span(leadMsMedian)} ahead`;
  return [
    `On ${counted(rows, "later row")} with ${counted(failures, "fault")} that it had not seen (Brier score, less is better):`,
    table(paint, ["who", "Brier"], rowsOf),
    `From ${percent(level)} on: precision ${percent(precision)}, recall ${percent(recall)}; ${lead}; calibration error ${calibrationError.toFixed(3)}.`,
  ].join("\n");
}

function askedOf(paint: Paint, { live, nodes }: ModelFacts): string {
  if (nodes.length === 0) return "Nothing was foretold yet.";
  const asked = nodes.filter(({ model }) => model === live?.version);
  const reasons = [
    ...Map.groupBy(
      nodes.filter((each) => !asked.includes(each)),
      ({ reason }) => reason,
    ),
  ].slice(0, SHOWN_REASONS_MAX);
  const unasked = reasons.map(([reason, of]) => `${paint.yellow("not asked")} of ${of.map(({ node }) => node).join(", ")}: ${reason}`);
  return [`At the newest look it was asked of ${asked.length} of ${counted(nodes.length, "node")}.`, ...unasked].join("\n");
}

export function renderComparisons(paint: Paint, { live, candidates }: ModelFacts, nowMs: number): string {
  if (candidates.length === 0) return "No candidate was trained yet; train-model runs once a day, and `ha model train` asks for it now.";
  const rows = candidates.map((candidate) => rowOf(paint, candidate, nowMs));
  const now = live === null ? "No model is live." : `Live now: ${live.version}.`;
  return [table(paint, ["trained", "candidate", "ended as", "Brier", "beside", "its Brier", "base rate", "why"], rows), now].join("\n\n");
}

function rowOf(paint: Paint, { atMs, version, decision, evaluation, beside, reason }: ModelCandidate, nowMs: number): string[] {
  return [
    `${span(nowMs - atMs)} ago`,
    version ?? "-",
    paintState(paint, decision),
    evaluation === null ? "-" : score(evaluation.brier),
    beside?.version ?? "-",
    beside === null ? "-" : score(beside.brier),
    evaluation === null ? "-" : score(evaluation.brierBaseRate),
    reason,
  ];
}
