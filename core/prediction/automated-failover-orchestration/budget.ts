/**
 * How many roles may be moved for predictions, over the whole fleet: so many at once, so many in an hour, and one node not again within its
 * cooldown. A bad model, or a cause that all nodes share, makes a storm of predictions; it must not make a storm of moves.
 */
import type { NodeId } from "../../kernel/ids.ts";
import type { PredictionPolicy } from "../../kernel/prediction-policy.ts";

export type Move = { readonly node: NodeId; readonly atMs: number; readonly endedAtMs: number | null };

const HOUR_MS = 3_600_000;
/** A move of which nobody wrote the end does not hold the budget for ever. */
const OPEN_MS_MAX = 1_800_000;

/** `passes` by itself when the move that is under way has ended; the rest is for a person. */
export type MoveLimit = { readonly passes: boolean; readonly reason: string };

/** Why no further move may be made now; null where one may. */
export function moveLimit(
  recent: readonly Move[],
  { node, policy, nowMs }: { readonly node: NodeId; readonly policy: PredictionPolicy; readonly nowMs: number },
): MoveLimit | null {
  const open = recent.filter(({ atMs, endedAtMs }) => endedAtMs === null && nowMs - atMs < OPEN_MS_MAX);
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
  return [...recent.filter(({ atMs }) => move.atMs - atMs < keepMs), move].slice(-MOVES_MAX);
}

export const movesEnded = (recent: readonly Move[], node: NodeId, nowMs: number): Move[] =>
  recent.map((move) => (move.node === node && move.endedAtMs === null ? { ...move, endedAtMs: nowMs } : move));

export const MOVES_MAX = 200;
