/**
 * Generated histories of nodes whose memory fills: most often a cache that is emptied again, sometimes a leak that ends the node. What a fleet would
 * have seen in weeks, made in milliseconds, so that a model can be trained before anything has failed.
 */
import { SIGNALS, type Signal } from "../../core/kernel/signals.ts";
import { type Chance, chanceOf } from "../../core/prediction/predictive-model/chance.ts";
import type { NodeRecord } from "../../core/prediction/predictive-model/node-history.ts";

export type LivesAsked = {
  readonly nodes: readonly string[];
  readonly stepMs: number;
  readonly horizonSteps: number;
  readonly rows: number;
  readonly untilMs: number;
  readonly seed: number;
};
type Phase = { readonly kind: "calm" | "cache" | "leak"; readonly rows: number; readonly from: number; readonly to: number };

const SILENT_ROWS = 4;
const NOISE = 0.006;
const LEAK_SHARE = 0.45;

export function leakingLives(asked: LivesAsked): NodeRecord[] {
  return asked.nodes.map((node, at) => leakingLife(node, asked, chanceOf(asked.seed + at)));
}

function leakingLife(node: string, { stepMs, horizonSteps, rows, untilMs }: LivesAsked, chance: Chance): NodeRecord {
  const memory = new Float64Array(rows);
  const errors = new Float64Array(rows);
  const fromMs = (Math.floor(untilMs / stepMs) - rows) * stepMs;
  const timesMs = Float64Array.from({ length: rows }, (_, at) => fromMs + at * stepMs);
  const failedAtMs: number[] = [];
  let level = 0.1 + 0.5 * chance.next();
  let at = 0;
  while (at < rows) {
    for (const { kind, rows: lasts, from, to } of phasesOf(level, horizonSteps, chance)) {
      for (let of = 0; of < lasts && at < rows; of += 1, at += 1)
        memory[at] = from + ((to - from) * (of + 1)) / lasts + NOISE * (chance.next() - 0.5);
      if (kind !== "leak" || at >= rows) continue;
      failedAtMs.push(timesMs[at] as number);
      for (let of = 0; of < SILENT_ROWS && at < rows; of += 1, at += 1) [memory[at], errors[at]] = [Number.NaN, 1];
      level = 0.1 + 0.5 * chance.next();
    }
  }
  const measured = new Map<Signal, Float64Array>([
    ["nodeMemoryShare", memory],
    ["errorShare", errors],
  ]);
  const columns = new Map(SIGNALS.map((signal) => [signal as string, measured.get(signal) ?? new Float64Array(rows).fill(Number.NaN)]));
  return { node, history: { timesMs, columns }, failedAtMs, knownFromMs: fromMs, knownUntilMs: untilMs };
}

/** A while of calm, then something that fills: by its first rows nobody can tell which. */
function phasesOf(level: number, horizonSteps: number, chance: Chance): Phase[] {
  const calm: Phase = { kind: "calm", rows: Math.round(horizonSteps * (2 + 4 * chance.next())), from: level, to: level };
  if (chance.next() < LEAK_SHARE)
    return [calm, { kind: "leak", rows: Math.round(horizonSteps * (0.8 + 1.2 * chance.next())), from: level, to: 0.97 + 0.03 * chance.next() }];
  const top = level + (0.85 - level) * (0.3 + 0.7 * chance.next());
  return [calm, { kind: "cache", rows: Math.round(horizonSteps * (0.5 + chance.next())), from: level, to: top }];
}
