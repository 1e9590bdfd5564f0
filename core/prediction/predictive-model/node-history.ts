/**
 * A node's vitals as the model reads them, the same way for training and for now: one row a step of the fleet's cadence, a column a signal, and
 * only rows in which the node answered. A row of silence ends a life: what a node says after it tells nothing of before. Pieces are as long as
 * the window that a look has, so that the model is asked what it was taught.
 */
import type { Vitals } from "../../kernel/records.ts";
import { SIGNALS, type Signals, signalsOf } from "../../kernel/signals.ts";
import type { History as SignalHistory } from "../signal-history/history.ts";
import { DEFAULT_SETTINGS } from "./default-settings.ts";
import { SAMPLES_MAX } from "./exhaustion.ts";
import { type History, livesOf } from "./history.ts";
import type { ModelSettings } from "./predictive-model.ts";

export type ModelCadence = { readonly stepMs: number; readonly horizonMs: number };

/** Rows of a look's window. */
export const WINDOW_ROWS = SAMPLES_MAX;
/** Half a window tells how it was before; pieces begin half a window apart, so that each row is judged once. */
export const ROWS_MIN = WINDOW_ROWS / 2;
const CALIBRATING_SHARE = 0.25;
const CAP_HORIZONS = 2;

export function nodeModelSettings({ stepMs, horizonMs }: ModelCadence): ModelSettings {
  const horizonSteps = Math.max(1, Math.round(horizonMs / stepMs));
  return {
    ...DEFAULT_SETTINGS,
    columns: [...SIGNALS],
    conditions: [],
    horizonSteps,
    capSteps: CAP_HORIZONS * horizonSteps,
    /** How long a window is tells nothing of the node. */
    features: { ...DEFAULT_SETTINGS.features, usesAge: false },
    placesBefore: ROWS_MIN,
    calibration: { kind: "time", newestShare: CALIBRATING_SHARE },
  };
}

type Row = { readonly step: number; readonly signals: Signals };

/** The node now, from its newest vitals, oldest first; or why nothing can be asked of them. */
export function historyNow(
  node: string,
  window: readonly Vitals[],
  { stepMs }: Pick<ModelCadence, "stepMs">,
): { readonly kind: "history"; readonly history: History } | { readonly kind: "none"; readonly reason: string } {
  const from = window.findLastIndex((vitals) => isSilent(signalsOf(vitals))) + 1;
  const rows = oneAStep(window.slice(from).map((vitals) => ({ step: Math.floor(vitals.atMs / stepMs), signals: signalsOf(vitals) })));
  const last = rows.at(-1);
  if (last === undefined || rows.length <= ROWS_MIN)
    return { kind: "none", reason: `${rows.length} rows since it last was silent are known, more than ${ROWS_MIN} are needed` };
  return { kind: "history", history: columnsOf(rows.slice(-WINDOW_ROWS), { unit: node, failedAtStep: null, knownUntilStep: last.step }) };
}

export type NodeRecord = {
  readonly node: string;
  readonly history: Pick<SignalHistory, "timesMs" | "columns">;
  /** When it was first seen to have failed, each time. */
  readonly failedAtMs: readonly number[];
  /** Whether it failed is known from here to there: somebody looked. */
  readonly knownFromMs: number;
  readonly knownUntilMs: number;
};

/** Pieces of at most `WINDOW_ROWS`; a unit is a life, `<node>#<which>`, in all of its pieces. */
export function piecesOf({ node, history, failedAtMs, knownFromMs, knownUntilMs }: NodeRecord, { stepMs }: Pick<ModelCadence, "stepMs">): History[] {
  const stepOf = (atMs: number): number => Math.floor(atMs / stepMs);
  const rows: Row[] = [];
  for (let at = 0; at < history.timesMs.length; at += 1) {
    const atMs = history.timesMs[at] as number;
    if (atMs < knownFromMs || atMs > knownUntilMs) continue;
    const signals = Object.fromEntries(SIGNALS.map((signal) => [signal, numberOf(history.columns.get(signal)?.[at])])) as Signals;
    /** A named metric's moment has no vitals. */
    if (SIGNALS.some((signal) => signals[signal] !== null)) rows.push({ step: stepOf(atMs), signals });
  }
  const every = oneAStep(rows);
  if (every.length === 0) return [];
  const whole = columnsOf(every, { unit: node, failedAtStep: null, knownUntilStep: stepOf(knownUntilMs) });
  const lives = livesOf(whole, [...new Set(failedAtMs.map(stepOf))]);
  return lives.flatMap((life, which) => answeredRuns(life).flatMap((run) => windowsOf({ ...run, unit: `${node}#${which}` })));
}

const ERRORS = SIGNALS.indexOf("errorShare");
const isSilent = ({ errorShare }: Signals): boolean => errorShare !== null && errorShare >= 1;
const numberOf = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);

/** Of several in one step the last counts. */
function oneAStep(rows: readonly Row[]): Row[] {
  return rows.filter(({ step }, at) => rows[at + 1]?.step !== step);
}

function columnsOf(rows: readonly Row[], of: Pick<History, "unit" | "failedAtStep" | "knownUntilStep">): History {
  return {
    ...of,
    steps: Float64Array.from(rows, ({ step }) => step),
    columns: SIGNALS.map((signal) => Float64Array.from(rows, ({ signals }) => signals[signal] ?? Number.NaN)),
    startedAtStep: null,
  };
}

/** What stands between two silences. */
function answeredRuns(life: History): History[] {
  const errors = life.columns[ERRORS] as Float64Array;
  const runs: History[] = [];
  let from = 0;
  for (let at = 0; at <= errors.length; at += 1) {
    if (at < errors.length && !((errors[at] as number) >= 1)) continue;
    if (at > from) runs.push(cut(life, from, at));
    from = at + 1;
  }
  return runs;
}

function windowsOf(run: History): History[] {
  const windows: History[] = [];
  for (let from = 0; from === 0 || from + ROWS_MIN < run.steps.length; from += WINDOW_ROWS - ROWS_MIN)
    windows.push(cut(run, from, Math.min(run.steps.length, from + WINDOW_ROWS)));
  return windows.filter(({ steps }) => steps.length > ROWS_MIN);
}

function cut(history: History, from: number, to: number): History {
  return {
    ...history,
    steps: Array.prototype.slice.call(history.steps, from, to) as number[],
    columns: history.columns.map((column) => column.subarray(from, to)),
    startedAtStep: null,
  };
}
