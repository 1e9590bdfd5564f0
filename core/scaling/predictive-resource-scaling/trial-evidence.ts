/**
 * What the trials say: the error of each baseline, and the error of a mix whose weights were learned from the other trials only, so
 * that it isn't judged by what taught it. From it the forecaster decides, with the reason, whether the mix may be used.
 */
import { type CompleteTrial, mix, weighMethods } from "./combination.ts";
import { BASELINES, NAMES } from "./forecast-methods.ts";
import { at } from "./history.ts";
import { meanError, TRIALS_MIN, type Trial } from "./rolling-origin.ts";

/** Mean absolute errors in the trials, in units of the series; `null` without a trial, or for a baseline whose cycle the series doesn't have. */
export type Errors = { readonly mix: number | null; readonly baselines: Readonly<Record<string, number | null>>; readonly trials: number };

export type Evidence = {
  readonly complete: readonly CompleteTrial[];
  /** What came minus the mix, for each trial and step; NaN where nothing was measured. */
  readonly rests: readonly Float64Array[];
  /** How many trials there would be if none overlapped. */
  readonly independentTrials: number;
  readonly errors: Errors;
};

export type Choice =
  | { readonly kind: "mix"; readonly reason: string }
  | { readonly kind: "baseline"; readonly name: string; readonly reason: string };

export function gatherEvidence(trials: readonly Trial[]): Evidence {
  const complete = trials.map(({ actual, forecasts }) => ({ actual, forecasts: completed(forecasts, actual.length) }));
  const mixes = complete.map((trial, place) => {
    const others = complete.filter((_, other) => other !== place);
    return mix(trial.forecasts, weighMethods(others, NAMES.length));
  });
  const rests = complete.map(({ actual }, place) => actual.map((value, step) => value - at(mixes[place] ?? actual, step)));
  const meanOver = (errorOf: (trial: CompleteTrial, place: number) => number): number | null =>
    complete.length === 0 ? null : complete.reduce((sum, trial, place) => sum + errorOf(trial, place), 0) / complete.length;
  const baselines = BASELINES.map(({ name }, method) => {
    const wasThere = trials.some(({ forecasts }) => forecasts[method]);
    return [name, wasThere ? meanOver(({ actual, forecasts }) => meanError(actual, forecasts[method] ?? actual)) : null] as const;
  });
  const ofMix = meanOver(({ actual }, place) => meanError(actual, mixes[place] ?? actual));
  return {
    complete,
    rests,
    independentTrials: independentOf(trials),
    errors: { mix: ofMix, baselines: Object.fromEntries(baselines), trials: trials.length },
  };
}

/** A method that had too little history stands where the naive forecast stood. */
export function completed(forecasts: readonly (Float64Array | null)[], horizonSteps: number): Float64Array[] {
  const naive = forecasts[0] ?? new Float64Array(horizonSteps);
  return forecasts.map((forecast) => forecast ?? naive);
}

/** `available` are the baselines that can be asked now; `untried` is the one to take when no trial says more. */
export function chooseForecast({ mix: ofMix, baselines, trials }: Errors, available: readonly string[], untried: string): Choice {
  if (ofMix === null || trials < TRIALS_MIN) {
    return {
      kind: "baseline",
      name: untried,
      reason: `the history is too short for ${TRIALS_MIN} trials, so nothing better is known than the ${untried} forecast`,
    };
  }
  const tried = available
    .map((name) => ({ name, error: baselines[name] ?? Number.POSITIVE_INFINITY }))
    .toSorted((left, right) => left.error - right.error);
  const best = tried[0] ?? { name: untried, error: Number.POSITIVE_INFINITY };
  const percent = best.error === 0 ? 0 : Math.round(100 * (1 - ofMix / best.error));
  if (ofMix < best.error) {
    return { kind: "mix", reason: `in ${trials} trials the mix's mean error was ${percent} % below that of the ${best.name} forecast` };
  }
  const compared = percent >= 0 ? `only ${percent} % below` : `${-percent} % above`;
  return { kind: "baseline", name: best.name, reason: `in ${trials} trials the mix's mean error was ${compared} that of the ${best.name} forecast` };
}

function independentOf(trials: readonly Trial[]): number {
  const [oldest, newest] = [trials[0], trials.at(-1)];
  if (!oldest || !newest) return 0;
  return (newest.knownSteps - oldest.knownSteps + newest.actual.length) / newest.actual.length;
}
