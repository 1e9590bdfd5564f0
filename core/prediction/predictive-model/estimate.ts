/**
 * How likely a node is to fail within the horizon, by all that is known: a model where one is live and fit for it, what the node uses up,
 * and how far its signals are from their own normal. The likeliest speaks, since each sees what the others cannot; and what could not be
 * asked is said, so that nobody takes silence for health.
 */
import type { Vitals } from "../../kernel/records.ts";
import { SIGNALS, type Signal, signalsOf } from "../../kernel/signals.ts";
import { estimateExhaustion } from "./exhaustion.ts";
import { usedResources } from "./resources.ts";

export type Estimate = {
  readonly probability: number;
  readonly by: "model" | "exhaustion" | "thresholds" | "nothing";
  /** The newest of each signal. */
  readonly features: Readonly<Record<Signal, number | null>>;
  readonly reason: string;
};

/** A model's word, or why there is none. */
export type ModelWord =
  | { readonly kind: "says"; readonly probability: number; readonly reason: string }
  | { readonly kind: "silent"; readonly reason: string };
/** What the thresholds make of the newest signals; null where they know too little. */
export type ThresholdWord = { readonly probability: number; readonly reason: string } | null;

export type EstimateFacts = {
  /** Oldest first. */
  readonly window: readonly Vitals[];
  readonly horizonMs: number;
  readonly nowMs: number;
  /** Vitals that are older say nothing of now. */
  readonly freshMs: number;
  readonly model: ModelWord;
  readonly thresholds: ThresholdWord;
};

const NOTHING_MEASURED = Object.fromEntries(SIGNALS.map((signal) => [signal, null])) as Record<Signal, number | null>;

export function estimateFailure({ window, horizonMs, nowMs, freshMs, model, thresholds }: EstimateFacts): Estimate {
  const newest = window.at(-1);
  if (newest !== undefined && nowMs - newest.atMs > freshMs) {
    const reason = `its newest vitals are ${Math.round((nowMs - newest.atMs) / 1_000)} s old, so nothing is known of it now`;
    return { probability: 0, by: "nothing", features: NOTHING_MEASURED, reason };
  }
  const features = newest === undefined ? NOTHING_MEASURED : signalsOf(newest);
  const words: Omit<Estimate, "features">[] = exhaustions(window, horizonMs);
  if (model.kind === "says") words.push({ by: "model", probability: model.probability, reason: model.reason });
  if (thresholds !== null) words.push({ by: "thresholds", ...thresholds });
  const unsaid = model.kind === "silent" ? `; no model was asked: ${model.reason}` : "";
  const likeliest = words.toSorted((a, b) => b.probability - a.probability)[0];
  if (likeliest === undefined) return { probability: 0, by: "nothing", features, reason: `too little was measured to say anything${unsaid}` };
  return { ...likeliest, features, reason: `${likeliest.reason}${unsaid}` };
}

function exhaustions(window: readonly Vitals[], horizonMs: number): Omit<Estimate, "features">[] {
  const used = window.map((vitals) => ({ atMs: vitals.atMs, resources: usedResources(signalsOf(vitals)) }));
  return usedResources(NOTHING_MEASURED).flatMap(({ what }, index) => {
    const samples = used.map(({ atMs, resources }) => ({ atMs, share: resources[index]?.share ?? null }));
    const { probability, reason } = estimateExhaustion(samples, horizonMs);
    return probability === null ? [] : [{ by: "exhaustion" as const, probability, reason: `its ${what}: ${reason}` }];
  });
}
