/** What a bench is: a name, and a run that returns figures and whether every "must" held. Figures are counts, ratios or medians. */
export type Figures = Record<string, number | string | boolean | null | Record<string, number | string | null>>;

export const GIVEN_NAMES = ["data", "train", "test", "rul", "demand", "horizon", "seed", "out"] as const;
export type GivenName = (typeof GIVEN_NAMES)[number];

export type BenchOptions = {
  /** How often the measured thing is done; each bench has its own default. */
  readonly runs: number | undefined;
  readonly kinds: readonly string[] | undefined;
  /** What was given on the command line by name: where data is read (`data`, `train`, …), where results go (`out`), and numbers as text. */
  readonly given: Readonly<Partial<Record<GivenName, string>>>;
  readonly say: (line: string) => void;
};

export type Bench = {
  readonly name: string;
  /** `plots` are SVG pictures by the name of their file in `docs/figures/`; `--write` stores them. */
  run(options: BenchOptions): Promise<{ figures: Figures; pass: boolean; plots?: Readonly<Record<string, string>> }>;
};

export function quantile(sorted: readonly number[], share: number): number {
  const found = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
  if (found === undefined) throw new RangeError("no figures to take a quantile of");
  return found;
}

/** Minimum, median, 90th percentile and maximum, rounded to what a clock on a shared machine can mean. */
export function spread(values: readonly number[]): { min: number; median: number; p90: number; max: number; runs: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    min: round(quantile(sorted, 0)),
    median: round(quantile(sorted, 0.5)),
    p90: round(quantile(sorted, 0.9)),
    max: round(quantile(sorted, 1)),
    runs: sorted.length,
  };
}
