/**
 * How well scores find labelled points: the best F1 of one threshold for all series, and VUS-PR (Paparrizos, Boniol, Palpanas, Tsay, Elmore
 * and Franklin, "Volume under the surface", PVLDB 15, 2022): the area under the range-based precision and recall curve, averaged over
 * buffers around each labelled span, inside which a detection counts in part.
 */
import type { LabelledSeries } from "./series.ts";

type Scores = readonly Float64Array[];
const THRESHOLDS = 200;
/** Buffers up to this many points on both sides of a span. */
const BUFFER_POINTS_MAX = 24;
const BUFFERS = 5;

export function bestF1(series: readonly LabelledSeries[], scores: Scores): { f1: number; precision: number; recall: number; threshold: number } {
  const rows = series.flatMap(({ labels }, place) => Array.from(labels, (label, row) => ({ label, score: scores[place]?.[row] ?? 0 })));
  rows.sort((left, right) => right.score - left.score);
  const positives = rows.reduce((sum, { label }) => sum + label, 0);
  let hits = 0;
  let best = { f1: 0, precision: 0, recall: 0, threshold: Number.POSITIVE_INFINITY };
  rows.forEach(({ label, score }, place) => {
    hits += label;
    if (rows[place + 1]?.score === score) return;
    const precision = hits / (place + 1);
    const recall = positives > 0 ? hits / positives : 0;
    const f1 = hits > 0 ? (2 * precision * recall) / (precision + recall) : 0;
    if (f1 > best.f1) best = { f1, precision, recall, threshold: score };
  });
  return best;
}

/** The mean over all series that have a label. */
export function meanVusPr(series: readonly LabelledSeries[], scores: Scores): number {
  const labelled = series.flatMap(({ labels }, place) =>
    labels.includes(1) ? [vusPr(labels, scores[place] ?? new Float64Array(labels.length))] : [],
  );
  return labelled.reduce((sum, each) => sum + each, 0) / Math.max(1, labelled.length);
}

export function vusPr(labels: Uint8Array, scores: Float64Array): number {
  let sum = 0;
  for (let buffer = 0; buffer < BUFFERS; buffer += 1) sum += rangePr(labels, scores, Math.round((buffer / (BUFFERS - 1)) * BUFFER_POINTS_MAX));
  return sum / BUFFERS;
}

function rangePr(labels: Uint8Array, scores: Float64Array, buffer: number): number {
  const soft = soften(labels, buffer);
  const spans = spansOf(soft);
  const positives = (labels.reduce((sum, each) => sum + each, 0) + soft.reduce((sum, each) => sum + each, 0)) / 2;
  const order = Array.from(scores.keys()).sort((left, right) => (scores[right] ?? 0) - (scores[left] ?? 0));
  const reached = new Set<number>();
  let hits = 0;
  let area = 0;
  let recallBefore = 0;
  const every = Math.max(1, Math.floor(order.length / THRESHOLDS));
  order.forEach((row, place) => {
    hits += soft[row] ?? 0;
    if ((soft[row] ?? 0) > 0) reached.add(spans[row] ?? 0);
    const isTied = scores[order[place + 1] ?? -1] === scores[row];
    // The first points matter most: each of them is a threshold of its own.
    if (isTied || (place > THRESHOLDS && place % every !== 0 && place < order.length - 1)) return;
    const recall = Math.min(1, hits / positives) * (reached.size / (spans.at(-1) ?? 1));
    area += Math.max(0, recall - recallBefore) * (hits / (place + 1));
    recallBefore = Math.max(recallBefore, recall);
  });
  return area;
}

/** Outside a span, within the buffer, a point counts by the root of its nearness. */
function soften(labels: Uint8Array, buffer: number): Float64Array {
  const soft = Float64Array.from(labels);
  if (buffer === 0) return soft;
  labels.forEach((label, row) => {
    if (label === 0) return;
    for (let away = 1; away <= buffer / 2; away += 1) {
      const worth = Math.sqrt(1 - away / buffer);
      for (const near of [row - away, row + away]) if (near >= 0 && near < soft.length) soft[near] = Math.max(soft[near] ?? 0, worth);
    }
  });
  return soft;
}

/** For each point the number of the span it lies in or behind; the last is the count of spans. */
function spansOf(soft: Float64Array): number[] {
  let count = 0;
  return Array.from(soft, (worth, row) => {
    if (worth > 0 && !((soft[row - 1] ?? 0) > 0)) count += 1;
    return count;
  });
}
