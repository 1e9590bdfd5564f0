/**
 * How sure a prediction must be before each step, moved by how often it was right. The fleet file's levels stand until the record says
 * more than chance would: when even the upper end of what the precision may be is below what an operator bears, the levels rise; when the
 * lower end is above what was hoped, they fall. The ends are Wilson's score interval (Wilson 1927; Brown, Cai and DasGupta, "Interval
 * estimation for a binomial proportion", 2001), which is honest for the few cases that a fleet has. It is a function of the record alone: computed
 * twice it is the same, and nothing creeps.
 */
import type { Level, Prediction } from "../../kernel/prediction.ts";

export type Levels = { readonly warn: number; readonly drain: number; readonly handOver: number };

/** Two-sided 90 %: one time in twenty the record is unluckier than this. */
const DEVIATIONS = 1.645;
/** A fleet changes: what was scored so many entries ago is no more about it. */
export const SCORED_MAX = 300;
/** Every second warning false is what a person still reads; four of five right is worth acting on sooner. */
const PRECISION_BORNE = 0.5;
const PRECISION_GOOD = 0.8;
/** How much of the way to certainty, and of the way down, the levels may go. */
const RISE_SHARE_MAX = 0.6;
const FALL_SHARE_MAX = 0.25;

/**
 * Below this share of the level of warning a node looks well again: as much lower that noise around the level calls nothing off, and back on
 * (the hysteresis of a Schmitt trigger).
 */
const WELL_SHARE = 0.6;
export const looksWell = (probability: number, { warn }: Levels): boolean => probability < WELL_SHARE * warn;

export function levelOf(probability: number, { warn, drain, handOver }: Levels): Level {
  if (probability >= handOver) return "hand-over";
  if (probability >= drain) return "drain";
  return probability >= warn ? "warn" : "calm";
}

const RANKS: Readonly<Record<Level, number>> = { calm: 0, warn: 1, drain: 2, "hand-over": 3 };
export const isAtLeast = (level: Level, least: Level): boolean => RANKS[level] >= RANKS[least];

/** `scored` are the newest predictions that warned and were scored, in any order. */
export function adjustLevels(declared: Levels, scored: readonly Scored[]): { readonly levels: Levels; readonly reason: string } {
  const { right, wrong } = countEpisodes(scored);
  const warned = right + wrong;
  if (warned === 0) return { levels: declared, reason: "as the fleet file says: no warning was scored yet" };
  const [low, high] = wilson(right, warned);
  const record = `${right} of ${warned} warnings were right (${percent(low)} to ${percent(high)})`;
  if (high < PRECISION_BORNE) {
    const share = RISE_SHARE_MAX * (1 - high / PRECISION_BORNE);
    return { levels: moved(declared, (level) => level + share * (1 - level)), reason: `raised, since ${record}` };
  }
  if (low > PRECISION_GOOD) {
    const share = (FALL_SHARE_MAX * (low - PRECISION_GOOD)) / (1 - PRECISION_GOOD);
    return { levels: moved(declared, (level) => level * (1 - share)), reason: `lowered, since ${record}` };
  }
  return { levels: declared, reason: `as the fleet file says: ${record}` };
}

type Scored = Pick<Prediction, "node" | "madeAtMs" | "horizonMs" | "level" | "outcome">;

/**
 * What a person would call one alarm: the warnings of a node within a horizon of the first. They look at the same hours, so they are one trial
 * and not many; it was right where one of them was. Misses are counted beside them, those whose end nobody knows not at all.
 */
export function countEpisodes(scored: readonly Scored[]): { readonly right: number; readonly wrong: number; readonly missed: number } {
  const count = { right: 0, wrong: 0, missed: 0 };
  const open = new Map<string, { readonly endMs: number; isRight: boolean }>();
  for (const { node, madeAtMs, horizonMs, level, outcome } of scored.toSorted((a, b) => a.madeAtMs - b.madeAtMs)) {
    const kind = outcome?.kind;
    if (kind === "miss") count.missed += 1;
    if (level === "calm" || (kind !== "hit" && kind !== "prevented" && kind !== "false-alarm")) continue;
    const isRight = kind !== "false-alarm";
    const episode = open.get(node);
    if (episode === undefined || madeAtMs > episode.endMs) {
      open.set(node, { endMs: madeAtMs + horizonMs, isRight });
      count[isRight ? "right" : "wrong"] += 1;
    } else if (isRight && !episode.isRight) {
      episode.isRight = true;
      count.wrong -= 1;
      count.right += 1;
    }
  }
  return count;
}

const moved = ({ warn, drain, handOver }: Levels, move: (level: number) => number): Levels => ({
  warn: move(warn),
  drain: move(drain),
  handOver: move(handOver),
});

function wilson(right: number, of: number): [number, number] {
  const share = right / of;
  const square = DEVIATIONS ** 2 / of;
  const middle = (share + square / 2) / (1 + square);
  const half = (DEVIATIONS / (1 + square)) * Math.sqrt((share * (1 - share)) / of + square / (4 * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
