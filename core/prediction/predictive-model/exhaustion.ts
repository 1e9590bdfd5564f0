/**
 * How likely a resource that a node uses up reaches its limit within the horizon: what is known of a node without any history of
 * failures, from its own last hour. The use is taken for a straight line with noise. Its slope is the median of all pairs' slopes (Theil
 * 1950, Sen 1968), which a restart or a burst among the samples does not turn; the noise is the residuals' median deviation, and grows
 * with their autocorrelation, since a slow wave looks like a slope.
 *
 * A line is believed the less, the further it is drawn beyond what was seen of it: extrapolated as far again as it was observed, its
 * slope may be wrong by a quarter. So nothing that was watched for a minute is foretold for an hour with any confidence.
 */

export type Used = {
  readonly atMs: number;
  /** 0 is nothing, 1 is the limit. Null is a gap. */
  readonly share: number | null;
};

export type Exhaustion = {
  /** Of reaching the limit within the horizon; null where too little is known. */
  readonly probability: number | null;
  /** Until the line meets the limit; null where it does not rise. */
  readonly inMs: number | null;
  readonly perHour: number | null;
  readonly reason: string;
};

/** Pairs grow with the square. */
export const SAMPLES_MAX = 120;
/** Fewer have no slope worth a name. */
const SAMPLES_MIN = 8;
/**
 * The newest part of what is known is tried by itself as well: a leak that began ten minutes ago has not bent the hour yet. It counts once it
 * stands higher than ever before; a climb that came down by itself each time is a collector of garbage or a cache, and no leak.
 */
const PARTS = [1, 0.5, 0.25];
/** One look may be lost; of a node that is not measured any more the last word is old. */
const GAPS_MAX = 2;
/** So far below its line it is on another one: it was started again, or something was freed. */
const FALLEN = 5;
/** A slope of so many of its own errors is no accident of the noise. */
const SIGNIFICANT = 4;
const SLOPE_ERROR_PER_SPAN = 0.25;
/** Of a normal distribution, from its median deviation. */
const DEVIATION_PER_MAD = 1.4826;
/** What a counter of bytes or handles is rounded to, at least: with no noise at all the error would be nought. */
const NOISE_MIN = 0.001;

export function estimateExhaustion(samples: readonly Used[], horizonMs: number): Exhaustion {
  if (samples.slice(-GAPS_MAX - 1).every(({ share }) => share === null)) {
    return { probability: null, inMs: null, perHour: null, reason: "it is not measured now" };
  }
  const known = samples.flatMap(({ atMs, share }) => (share === null ? [] : [{ atMs, share }])).slice(-SAMPLES_MAX);
  const last = known.at(-1);
  if (last === undefined || known.length < SAMPLES_MIN) {
    return { probability: null, inMs: null, perHour: null, reason: `${known.length} samples are known, ${SAMPLES_MIN} are needed` };
  }
  if (last.share >= 1) return { probability: 1, inMs: 0, perHour: null, reason: "the limit is reached" };
  const lines = PARTS.flatMap((part) => {
    const from = known.length - Math.ceil(known.length * part);
    if (known.length - from < SAMPLES_MIN) return [];
    const before = known.slice(0, from).reduce((most, { share }) => Math.max(most, share), 0);
    return last.share <= before ? [] : [judgeLine(known.slice(from), horizonMs)];
  });
  if (lines.length === 0) return { probability: 0, inMs: null, perHour: null, reason: "it was higher before and came down" };
  return lines.reduce((most, line) => ((line.probability ?? 0) > (most.probability ?? 0) ? line : most));
}

type Known = { readonly atMs: number; readonly share: number };

function judgeLine(samples: readonly Known[], horizonMs: number): Exhaustion {
  const first = samples[0] as Known;
  const last = samples.at(-1) as Known;
  const spanMs = last.atMs - first.atMs;
  const slope = medianSlope(samples);
  const residuals = samples.map(({ atMs, share }) => share - slope * (atMs - last.atMs));
  const now = median(residuals);
  const noise = Math.max(NOISE_MIN, DEVIATION_PER_MAD * median(residuals.map((each) => Math.abs(each - now))));
  const slopeError = (noise * slowness(residuals, now)) / timeSpread(samples);
  const perHour = slope * 3_600_000;
  if (spanMs <= 0 || slope <= SIGNIFICANT * slopeError)
    return { probability: 0, inMs: null, perHour, reason: "it does not rise by more than its noise" };
  if (now - last.share > FALLEN * noise) return { probability: 0, inMs: null, perHour, reason: "it rose and has come down" };
  const inMs = Math.max(0, (1 - now) / slope);
  const beyond = slope * SLOPE_ERROR_PER_SPAN * (Math.min(inMs, horizonMs) / spanMs);
  const error = Math.hypot(noise, horizonMs * Math.hypot(slopeError, beyond));
  const probability = normalBelow((now + slope * horizonMs - 1) / error);
  return {
    probability,
    inMs,
    perHour,
    reason: `${percent(now)} is used and rises by ${percent(perHour)} an hour: full in ${minutes(inMs)}, seen for ${minutes(spanMs)}`,
  };
}

function medianSlope(samples: readonly Known[]): number {
  const slopes: number[] = [];
  for (let later = 1; later < samples.length; later += 1) {
    const b = samples[later] as Known;
    for (let earlier = 0; earlier < later; earlier += 1) {
      const a = samples[earlier] as Known;
      if (b.atMs > a.atMs) slopes.push((b.share - a.share) / (b.atMs - a.atMs));
    }
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

/** By how much the error of a slope grows where neighbours resemble each other: the square root of (1 + ρ)/(1 − ρ), Bartlett 1946. */
function slowness(residuals: readonly number[], middle: number): number {
  let own = 0;
  let shared = 0;
  for (let at = 0; at < residuals.length; at += 1) {
    const here = (residuals[at] as number) - middle;
    own += here * here;
    if (at > 0) shared += here * ((residuals[at - 1] as number) - middle);
  }
  const correlation = own === 0 ? 0 : Math.min(0.95, Math.max(0, shared / own));
  return Math.sqrt((1 + correlation) / (1 - correlation));
}

/** The square root of the sum of squared distances from the middle of the times. */
function timeSpread(samples: readonly Known[]): number {
  const mean = samples.reduce((sum, { atMs }) => sum + atMs, 0) / samples.length;
  return Math.sqrt(samples.reduce((sum, { atMs }) => sum + (atMs - mean) ** 2, 0));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? upper)) / 2;
}

/** The normal distribution by its logistic approximation, good to 0.02 %. */
const normalBelow = (deviations: number): number => 1 / (1 + Math.exp(-deviations * (1.5976 + 0.070566 * deviations * deviations)));

const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`;
const minutes = (ms: number): string => (ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`);
