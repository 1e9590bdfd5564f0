/**
 * Our detector over one labelled series: its score by point for the marks, and the alarms that begin on normal spans for the false-alarm
 * rate. A normal span is what has no label and lies further than an alarm's calm from one; learning points do not count.
 */
import { type Alert, decideAlert } from "../../core/prediction/dynamic-threshold-adjustment/alerts.ts";
import { CALM_POINTS, observe, start } from "../../core/prediction/dynamic-threshold-adjustment/observe.ts";
import type { ThresholdSettings } from "../../core/prediction/dynamic-threshold-adjustment/settings.ts";
import type { LabelledSeries } from "./series.ts";

export type Run = {
  readonly scores: Float64Array;
  readonly falseAlarms: number;
  readonly normalPoints: number;
  readonly found: number;
  readonly spans: number;
};

export function runLabelled({ atMs, values, labels, cadenceMs }: LabelledSeries, settings: ThresholdSettings): Run {
  const state = start();
  const isNormal = normalOf(labels);
  const scores = new Float64Array(values.length);
  let open: Alert | null = null;
  let falseAlarms = 0;
  let normalPoints = 0;
  const found = new Set<number>();
  const spans = new Set<number>();
  let span = 0;
  values.forEach((value, row) => {
    const at = atMs[row] ?? 0;
    const { verdict } = observe(state, { atMs: at, value: Number.isNaN(value) ? null : value }, settings);
    const alert = decideAlert(open, { node: "bench", metric: "value", atMs: at, verdict }, { calmMs: CALM_POINTS * cadenceMs });
    open = alert.kind === "opened" || alert.kind === "goes-on" ? alert.alert : null;
    if (labels[row] === 1 && labels[row - 1] !== 1) span += 1;
    if (labels[row] === 1) spans.add(span);
    if (labels[row] === 1 && verdict.kind === "anomalous") found.add(span);
    scores[row] = verdict.rarity === null || verdict.kind === "learning" ? 0 : Math.max(0, 12 - Math.log10(verdict.rarity * cadenceMs));
    if (!isNormal[row] || verdict.kind === "learning" || verdict.kind === "gap") return;
    normalPoints += 1;
    if (alert.kind === "opened") falseAlarms += 1;
  });
  return { scores, falseAlarms, normalPoints, found: found.size, spans: spans.size };
}

function normalOf(labels: Uint8Array): boolean[] {
  const isNormal = Array.from(labels, (label) => label === 0);
  labels.forEach((label, row) => {
    if (label === 1)
      for (let near = Math.max(0, row - CALM_POINTS); near <= Math.min(labels.length - 1, row + CALM_POINTS); near += 1) isNormal[near] = false;
  });
  return isNormal;
}
