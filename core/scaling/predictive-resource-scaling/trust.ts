/**
 * Whether forecasts may still be acted on, from the scores of the newest ones: a forecaster that stopped beating the naive forecasts,
 * or whose band stopped holding, is not asked until it does again. Leaving is quicker than coming back, so trust does not flap.
 */
import type { ForecastScore } from "./forecast-score.ts";

export type Trust = { readonly kind: "trusted" | "fall-back"; readonly reason: string };

/** Scores looked at, the newest. */
export const SCORES_MAX = 24;
/** Fewer say nothing: what was decided before stays. */
export const SCORES_MIN = 3;
/** Trust is lost when the error is above this share of the best baseline's … */
const ERROR_SHARE_MAX = 1.05;
/** … or the newest third's above this multiple of the older ones': the forecast's error rises. */
const RISE_MAX = 2;
/** … or the band held this much less often than promised. */
const COVERED_SHORT_MAX = 0.15;
/** It comes back when the error is below this share, … */
const RETURN_ERROR_SHARE_MAX = 0.95;
/** … and the band held but for this much. */
const RETURN_SHORT_MAX = 0.08;

/** `scores` newest last; `before` is the last decision, `null` at the beginning, which starts without trust. */
export function decideTrust(scores: readonly ForecastScore[], before: Trust["kind"] | null): Trust {
  const newest = scores.slice(-SCORES_MAX);
  const kind = before ?? "fall-back";
  if (newest.length < SCORES_MIN)
    return { kind, reason: `${newest.length} forecasts were scored, at least ${SCORES_MIN} are needed to change anything` };
  const { share, baseline } = errorShare(newest);
  const shortOf = weightedMean(newest, ({ promised, covered }) => promised - covered);
  const rise = riseOf(newest);
  const facts = `over ${newest.length} forecasts the error was ${percent(share)} of the ${baseline} forecast's, and the band held ${percent(weightedMean(newest, ({ covered }) => covered))} of the time`;
  if (before === "trusted") {
    if (share > ERROR_SHARE_MAX) return { kind: "fall-back", reason: `the forecast is no better than the ${baseline} one: ${facts}` };
    if (rise > RISE_MAX)
      return { kind: "fall-back", reason: `the forecast's error rises, the newest is ${rise.toFixed(1)} times the older: ${facts}` };
    if (shortOf > COVERED_SHORT_MAX) return { kind: "fall-back", reason: `the band holds ${percent(shortOf)} less than promised: ${facts}` };
    return { kind: "trusted", reason: facts };
  }
  const isGood = share <= RETURN_ERROR_SHARE_MAX && shortOf <= RETURN_SHORT_MAX && rise <= RISE_MAX;
  return { kind: isGood ? "trusted" : "fall-back", reason: isGood ? facts : `not yet good enough: ${facts}` };
}

/** Against the baseline that was best over all these forecasts together; without an error of its own, any error is infinitely worse. */
function errorShare(scores: readonly ForecastScore[]): { share: number; baseline: string } {
  const own = weightedMean(scores, ({ meanError }) => meanError);
  const names = Object.keys(scores.at(-1)?.baselineErrors ?? {});
  const errors = names.map((name) => ({ name, error: weightedMean(scores, ({ baselineErrors, meanError }) => baselineErrors[name] ?? meanError) }));
  const best = errors.toSorted((left, right) => left.error - right.error)[0] ?? { name: "missing", error: own };
  if (own === best.error) return { share: 1, baseline: best.name };
  return { share: best.error === 0 ? Number.POSITIVE_INFINITY : own / best.error, baseline: best.name };
}

/** The mean error of the newest third over that of the others, measured against their baselines so that a busier season is no rise. */
function riseOf(scores: readonly ForecastScore[]): number {
  const cut = scores.length - Math.max(1, Math.floor(scores.length / 3));
  const [older, newer] = [errorShare(scores.slice(0, cut)), errorShare(scores.slice(cut))];
  if (newer.share === older.share) return 1;
  return older.share === 0 ? Number.POSITIVE_INFINITY : newer.share / older.share;
}

function weightedMean(scores: readonly ForecastScore[], partOf: (score: ForecastScore) => number): number {
  const steps = scores.reduce((sum, score) => sum + score.steps, 0);
  return scores.reduce((sum, score) => sum + score.steps * partOf(score), 0) / Math.max(1, steps);
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(100 * share)} %` : "any multiple";
}
