/**
 * How many roles may be moved for predictions, over the whole fleet: so many at once, so many in an hour, and one node not again within its
 * cooldown. A bad model, or a cause that all nodes share, makes a storm of predictions; it must not make a storm of moves.
 */
import type { IncidentId, NodeId } from "../../kernel/ids.ts";
import type { PredictionPolicy } from "../../kernel/prediction-policy.ts";

export type Move = { readonly node: NodeId; readonly prediction: IncidentId; readonly atMs: number; readonly endedAtMs: number | null };

const HOUR_MS = 3_600_000;

/** `passes` by itself when the move that is under way has ended; the rest is for a person. */
export type MoveLimit = { readonly passes: boolean; readonly reason: string };

/** Why no further move may be made now; null where one may. A move of which nobody wrote the end holds its place for `openMsMax`. */
export function moveLimit(
  moves: readonly Move[],
  asked: {
    readonly node: NodeId;
    readonly prediction: IncidentId | null;
    readonly policy: PredictionPolicy;
    readonly openMsMax: number;
    readonly nowMs: number;
  },
): MoveLimit | null {
  const { node, policy, openMsMax, nowMs } = asked;
  /** The place that was taken for this very prediction is its own, also where the answer that told of it was lost. */
  const recent = moves.filter(({ prediction }) => prediction !== asked.prediction);
  const open = recent.filter(({ atMs, endedAtMs }) => endedAtMs === null && nowMs - atMs < openMsMax);
  if (open.length >= policy.atOnceMax)
    return { passes: true, reason: `a move for ${open.map((move) => move.node).join(", ")} is under way, ${policy.atOnceMax} at once allowed` };
  const lastHour = recent.filter(({ atMs }) => nowMs - atMs < HOUR_MS);
  if (lastHour.length >= policy.perHourMax)
    return { passes: false, reason: `the budget is spent: ${lastHour.length} moves in the last hour, ${policy.perHourMax} allowed` };
  const own = recent.filter((move) => move.node === node).at(-1);
  if (own === undefined || nowMs - own.atMs >= policy.cooldownSeconds * 1_000) return null;
  return {
    passes: false,
    reason: `${node} was moved from ${Math.round((nowMs - own.atMs) / 1_000)} s ago, its cooldown is ${policy.cooldownSeconds} s`,
  };
}

/** Newest last; what is older than an hour and a cooldown counts for nothing any more. */
export function withMove(recent: readonly Move[], move: Move, { cooldownSeconds }: PredictionPolicy): Move[] {
  const keepMs = Math.max(HOUR_MS, cooldownSeconds * 1_000);
  const others = recent.filter(({ atMs, prediction }) => move.atMs - atMs < keepMs && prediction !== move.prediction);
  return [...others, move].slice(-MOVES_MAX);
}

export const movesEnded = (recent: readonly Move[], node: NodeId, nowMs: number): Move[] =>
  recent.map((move) => (move.node === node && move.endedAtMs === null ? { ...move, endedAtMs: nowMs } : move));

export const MOVES_MAX = 200;
