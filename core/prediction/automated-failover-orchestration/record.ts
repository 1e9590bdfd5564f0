/**
 * The record of a model, in episodes. Predictions of the same node a minute apart look at the same hours, so a hundred of them are not a
 * hundred trials. An episode is what a person would call one alarm: the predictions of a node that reached the step, from the first
 * to a horizon after it. It is right once for each failure that it foretold; a failure counts once, whatever number of alarms came before it.
 */
import { type ActingStep, type Prediction, STEPS } from "../../kernel/preemption.ts";

export type Episode = {
  readonly node: string;
  readonly beganAtMs: number;
  /** When the last of its predictions was scored. */
  readonly scoredAtMs: number;
  readonly kind: "foretold" | "false-alarm" | "unknown";
};
type Entry = Pick<Prediction, "node" | "madeAtMs" | "horizonMs" | "reached" | "score">;

/** `entries` of one model, in any order. Episodes of which some prediction is still open are left out. */
export function episodesOf(entries: readonly Entry[], step: ActingStep): Episode[] {
  const alarms = entries.filter(({ reached }) => STEPS.indexOf(reached) >= STEPS.indexOf(step)).toSorted((a, b) => a.madeAtMs - b.madeAtMs);
  const groups = new Map<string, Entry[][]>();
  for (const alarm of alarms) {
    const ofNode = groups.get(alarm.node) ?? [];
    groups.set(alarm.node, ofNode);
    const open = ofNode.at(-1);
    const first = open?.[0];
    if (open && first && alarm.madeAtMs - first.madeAtMs <= first.horizonMs) open.push(alarm);
    else ofNode.push([alarm]);
  }
  return [...groups.values()].flatMap(episodesOfNode).toSorted((a, b) => a.beganAtMs - b.beganAtMs || (a.node < b.node ? -1 : 1));
}

function episodesOfNode(groups: readonly Entry[][]): Episode[] {
  const counted = new Set<number>();
  return groups.flatMap((group): Episode[] => {
    const [first] = group;
    const scores = group.flatMap(({ score }) => score ?? []);
    if (!first || scores.length < group.length) return [];
    const begin = { node: first.node, beganAtMs: first.madeAtMs, scoredAtMs: Math.max(...scores.map(({ scoredAtMs }) => scoredAtMs)) };
    const failures = new Set(
      scores.flatMap(({ kind, failedAtMs }) => ((kind === "hit" || kind === "prevented") && failedAtMs !== null ? [failedAtMs] : [])),
    );
    const news = [...failures].filter((failedAtMs) => !counted.has(failedAtMs));
    for (const failedAtMs of news) counted.add(failedAtMs);
    if (failures.size > 0) return news.map(() => ({ ...begin, kind: "foretold" as const }));
    return [{ ...begin, kind: scores.some(({ kind }) => kind === "unknown") ? "unknown" : "false-alarm" }];
  });
}

export type RecordCount = {
  readonly foretold: number;
  readonly falseAlarms: number;
  readonly unknown: number;
  /** Failures before which there was no alarm. */
  readonly missed: number;
};

/** What a person is shown of a model: at the level of warning, since that is what an alarm is. */
export function countRecord(entries: readonly Entry[]): RecordCount {
  const episodes = episodesOf(entries, "warn");
  const count = (kind: Episode["kind"]): number => episodes.filter((episode) => episode.kind === kind).length;
  const missed = new Set(entries.flatMap(({ node, score }) => (score?.kind === "miss" ? [`${node} ${score.failedAtMs}`] : [])));
  return { foretold: count("foretold"), falseAlarms: count("false-alarm"), unknown: count("unknown"), missed: missed.size };
}
