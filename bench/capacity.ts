/**
 * How often demand is above ready capacity, and how much capacity is paid for it: one demand file replayed minute by minute by our scaler,
 * by target tracking, by a predictive scaler of AWS's rules and by an oracle, all by the same rules, all strictly online.
 */
import { join } from "node:path";
import { CAPACITY_RISK } from "../core/scaling/predictive-resource-scaling/capacity-settings.ts";
import { type Bench, type Figures, quantile } from "./bench.ts";
import { awsPredictive } from "./capacity/aws-predictive.ts";
import { readDemand } from "./capacity/demand-file.ts";
import { adaptive, predictive, sharedForecast } from "./capacity/ours.ts";
import { oracle, targetTracking } from "./capacity/peers.ts";
import { drawDay, drawFrontier, type Line } from "./capacity/pictures.ts";
import { type Replay, replay, type Scaler, type Score, score } from "./capacity/replay.ts";

const DAY_MINUTES = 1_440;
/** By the rules of the bench: the first fourteen days are only learned from. */
const TRAINING_MINUTES = 14 * DAY_MINUTES;
const UNITS_AT_PEAK = 100;
const PEAK_SHARE = 0.999;
const SHORT_PERCENT_MAX = 0.06;
const OVER_PERCENT_MAX = 40;
const RISKS = [CAPACITY_RISK / 3, CAPACITY_RISK / 1.5, CAPACITY_RISK, 2 * CAPACITY_RISK, 4 * CAPACITY_RISK].map((risk) =>
  Number(risk.toPrecision(3)),
);
const TARGETS = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];

export const capacity: Bench = {
  name: "capacity",
  async run({ given, say }) {
    const file = given.demand ?? join(import.meta.dirname, "../../shared/data/worldcup98/invocation_count.csv");
    const { firstMinute, perMinute, zerosFilled, gapMinutes } = readDemand(file);
    const length = perMinute.length;
    if (length < TRAINING_MINUTES + DAY_MINUTES) {
      throw new Error(
        `${file}: ${length} minutes, and at least ${TRAINING_MINUTES + DAY_MINUTES} are needed: 14 days to learn from and one to score`,
      );
    }
    const unit =
      quantile(
        perMinute.filter((count) => count !== null).toSorted((a, b) => a - b),
        PEAK_SHARE,
      ) / UNITS_AT_PEAK;
    if (unit === 0) throw new Error(`${file}: the 99.9th percentile is 0 requests a minute, and a unit must serve some`);
    const demand = perMinute.map((count) => (count === null ? null : count / unit));
    const middle = Math.floor((TRAINING_MINUTES + length) / 2);
    const day = (minute: number): number => Math.round(minute / DAY_MINUTES);
    say(
      `${length} minutes, ${zerosFilled} of them without a row and taken as 0, ${gapMinutes} in gaps and not scored; a unit serves ${Math.round(unit)} requests a minute`,
    );
    say(`split: to day 14 to learn from; early half to day ${day(middle)}, late half to day ${day(length)}`);
    say("of World Cup 98 the forecast's settings were tuned on the early half; its features and the stated risk were chosen with the whole in view");

    const rows: Record<string, Record<string, number>> = {};
    const run = (name: string, scaler: Scaler): { replayed: Replay; whole: Score } => {
      const replayed = replay(demand, firstMinute, scaler);
      const parts = {
        whole: score(demand, replayed, TRAINING_MINUTES, length),
        early: score(demand, replayed, TRAINING_MINUTES, middle),
        late: score(demand, replayed, middle, length),
      };
      rows[name] = rowOf(parts);
      say(
        `${name}: ${Object.entries(parts)
          .map(([part, each]) => `${part} ${percents(each)}`)
          .join("; ")}`,
      );
      return { replayed, whole: parts.whole };
    };
    const line = (name: string, values: readonly number[], scalerOf: (value: number) => Scaler): Line & { readonly replays: readonly Replay[] } => {
      const all = values.map((value) => run(`${name} ${value}`, scalerOf(value)));
      return { name, scores: all.map(({ whole }) => whole), replays: all.map(({ replayed }) => replayed) };
    };

    const tracking = line("target tracking", TARGETS, targetTracking);
    const aws = line("AWS's rules, predictive", TARGETS, awsPredictive);
    const tallies = new Map<number, ReturnType<typeof predictive>["tally"]>();
    const startedMs = performance.now();
    const ours = line("ours, risk", RISKS, (risk) => {
      const { scaler, tally } = predictive(risk, sharedForecast(), firstMinute + TRAINING_MINUTES);
      tallies.set(risk, tally);
      return scaler;
    });
    const microseconds = Math.round((1_000 * (performance.now() - startedMs)) / (RISKS.length * length));
    run("ours, measured demand only", adaptive());
    const knowing = run("oracle of 5 minutes", oracle(demand, firstMinute));

    const place = RISKS.indexOf(CAPACITY_RISK);
    const [whole, chosen, tally] = [ours.scores[place], ours.replays[place], tallies.get(CAPACITY_RISK)];
    if (whole === undefined || chosen === undefined || tally === undefined) throw new Error("the setting's own risk was not run");
    const figures: Figures = {
      "short, percent of minutes": round(whole.shortPercent, 4),
      "over, percent of demand": round(whole.overPercent, 1),
      "risk setting": CAPACITY_RISK,
      "stated chance of short, percent": round((100 * tally.statedShort) / Math.max(1, tally.statedMinutes), 4),
      "minutes decided by measured demand, percent": round((100 * tally.adaptiveMinutes) / whole.scoredMinutes, 2),
      "microseconds a minute": microseconds,
      "early part ends on day": day(middle),
      ...rows,
    };
    return {
      figures,
      pass: whole.shortPercent <= SHORT_PERCENT_MAX && whole.overPercent <= OVER_PERCENT_MAX,
      plots: {
        "capacity-frontier": drawFrontier([ours, tracking, aws, { name: "oracle of 5 minutes", scores: [knowing.whole] }]),
        "capacity-day": drawDay(demand, chosen, tracking.replays[TARGETS.indexOf(0.7)] ?? chosen, TRAINING_MINUTES, firstMinute),
      },
    };
  },
};

function rowOf(parts: Record<string, Score>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, each]) => [
      [`${part}: short %`, round(each.shortPercent, 4)],
      [`${part}: over %`, round(each.overPercent, 1)],
      [`${part}: over % of ready units`, round(each.overReadyPercent, 1)],
    ]),
  );
}

function percents({ shortMinutes, shortPercent, overPercent, overReadyPercent }: Score): string {
  return `${shortMinutes} min short (${shortPercent.toFixed(3)} %) at ${overPercent.toFixed(1)} % over (ready ${overReadyPercent.toFixed(1)} %)`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
