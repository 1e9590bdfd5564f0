/**
 * What open alerts say of a node's future, where no model says more: one signal out of its band happens, several at once are how trouble
 * begins. It is a stand-in and is never sure: it stays below the level at which anything but a warning may follow.
 */
import type { Alert } from "../../kernel/prediction.ts";
import type { ThresholdWord } from "./estimate.ts";

const FIRST = 0.15;
const EACH = 0.1;
/** Below the lowest level of draining that the fleet file's default knows. */
const MOST = 0.45;

export function wordOfThresholds(open: readonly Pick<Alert, "signal" | "reason">[]): ThresholdWord {
  if (open.length === 0) return null;
  const probability = Math.min(MOST, FIRST + EACH * (open.length - 1));
  return {
    probability,
    reason: open
      .map(({ signal, reason }) => `${signal}: ${reason}`)
      .join("; ")
      .slice(0, 1_000),
  };
}
