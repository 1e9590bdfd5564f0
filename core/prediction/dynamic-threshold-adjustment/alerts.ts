/**
 * One alert for one trouble: opened at the first anomalous point, the same one while anomalies go on or pause shortly, resolved after a
 * stated calm. Silence is not calm: a gap neither prolongs an alert nor resolves it. The id follows from node, metric and beginning, so
 * two observers of the same points open the same alert.
 */
import { createHash } from "node:crypto";
import type { Verdict } from "./verdict.ts";

export type AlertSettings = {
  /** Time of ordinary points, measured from the last anomalous one, after which the alert is resolved. */
  readonly calmMs: number;
};
export type Alert = {
  readonly id: string;
  readonly node: string;
  readonly metric: string;
  readonly startedAtMs: number;
  readonly lastAnomalousAtMs: number;
  readonly anomalousPoints: number;
  /** The rarest point so far, in its own words. */
  readonly rarity: number;
  readonly explanation: string;
};
export type AlertDecision =
  | { readonly kind: "opened"; readonly alert: Alert; readonly reason: string }
  | { readonly kind: "goes-on"; readonly alert: Alert; readonly reason: string }
  | { readonly kind: "resolved"; readonly alert: Alert; readonly resolvedAtMs: number; readonly reason: string }
  | { readonly kind: "none"; readonly reason: string };
export type Judged = { readonly node: string; readonly metric: string; readonly atMs: number; readonly verdict: Verdict };

export const DEFAULT_ALERTS: AlertSettings = { calmMs: 15 * 60_000 };
const ID_HEX_DIGITS = 16;

/** `open` is the alert that is open for this node and metric, or null. */
export function decideAlert(open: Alert | null, judged: Judged, { calmMs }: AlertSettings): AlertDecision {
  const { atMs, verdict } = judged;
  if (verdict.kind === "anomalous") return open ? goOn(open, judged) : begin(judged);
  if (!open) return { kind: "none", reason: verdict.reason };
  const calmForMs = atMs - open.lastAnomalousAtMs;
  if (verdict.kind === "gap") return { kind: "goes-on", alert: open, reason: "nothing was measured, which is no sign of calm" };
  if (calmForMs < calmMs) return { kind: "goes-on", alert: open, reason: `calm for ${seconds(calmForMs)}, and ${seconds(calmMs)} are asked for` };
  return { kind: "resolved", alert: open, resolvedAtMs: atMs, reason: `calm for ${seconds(calmForMs)}: ${verdict.reason}` };
}

export function alertIdOf({ node, metric, atMs }: Pick<Judged, "node" | "metric" | "atMs">): string {
  // Lengths stand before the names, so that no two pairs of names run together to the same text.
  const text = `${node.length}:${node}${metric.length}:${metric}${atMs}`;
  return createHash("sha256").update(text).digest("hex").slice(0, ID_HEX_DIGITS);
}

function begin(judged: Judged): AlertDecision {
  const { node, metric, atMs, verdict } = judged;
  const alert: Alert = {
    id: alertIdOf(judged),
    node,
    metric,
    startedAtMs: atMs,
    lastAnomalousAtMs: atMs,
    anomalousPoints: 1,
    rarity: verdict.rarity ?? 0,
    explanation: verdict.reason,
  };
  return { kind: "opened", alert, reason: verdict.reason };
}

function goOn(open: Alert, { atMs, verdict }: Judged): AlertDecision {
  const rarity = verdict.rarity ?? open.rarity;
  const isRarer = rarity < open.rarity;
  const alert: Alert = {
    ...open,
    lastAnomalousAtMs: Math.max(open.lastAnomalousAtMs, atMs),
    anomalousPoints: open.anomalousPoints + 1,
    rarity: isRarer ? rarity : open.rarity,
    explanation: isRarer ? verdict.reason : open.explanation,
  };
  return { kind: "goes-on", alert, reason: verdict.reason };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
