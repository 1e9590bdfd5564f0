/**
 * Alerts of a node's signals: one while a trouble lasts, told when it opens and when it is over; an operator's label goes to the threshold that
 * raised it. What the thresholds make of a node's future is little on its own, so it warns and moves nothing.
 */

import { incidentId, type NodeId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Alert } from "../../../core/kernel/prediction.ts";
import type { Vitals } from "../../../core/kernel/records.ts";
import type { Signal } from "../../../core/kernel/signals.ts";
import { DEFAULT_ALERTS, decideAlert, type Alert as Trouble } from "../../../core/prediction/dynamic-threshold-adjustment/alerts.ts";
import type { ThresholdWord } from "../../../core/prediction/predictive-model/estimate.ts";
import { wordOfThresholds } from "../../../core/prediction/predictive-model/threshold-word.ts";
import { hearLabel, type Judgement, judgeSignals } from "./thresholds.ts";

const NEWEST_MAX = 50;

const alertId = (node: NodeId, signal: string, atMs: number): string => incidentId(`${node}.${signal}`, atMs);

export async function watchSignals(world: World, node: NodeId, window: readonly Vitals[]): Promise<ThresholdWord> {
  const newest = (await world.registry.list("alert", { prefix: `${node}.`, limit: NEWEST_MAX, newestFirst: true })).map(({ value }) => value);
  for (const alert of newest.filter(({ label }) => label !== null && !label.heard)) await takeLabel(world, node, alert);
  const open = new Map(newest.flatMap((alert) => (alert.resolvedAtMs === null ? [[alert.signal, alert] as const] : [])));
  for (const judgement of await judgeSignals(world, node, window)) await follow(world, node, open, judgement);
  return wordOfThresholds([...open.values()]);
}

async function takeLabel(world: World, node: NodeId, alert: Alert): Promise<void> {
  await hearLabel(world, node, alert);
  const label = alert.label === null ? null : { ...alert.label, heard: true };
  await world.registry.write("alert", alert.id, { ...alert, label }, "any");
}

async function follow(world: World, node: NodeId, open: Map<string, Alert>, { signal, atMs, value, verdict }: Judgement): Promise<void> {
  const before = open.get(signal);
  const decision = decideAlert(before === undefined ? null : troubleOf(before), { node, metric: signal, atMs, verdict }, DEFAULT_ALERTS);
  if (decision.kind === "none") return;
  if (decision.kind === "goes-on" && verdict.kind !== "anomalous") return;
  const alert: Alert = before ?? newAlert(node, signal, atMs);
  const resolvedAtMs = decision.kind === "resolved" ? decision.resolvedAtMs : null;
  const seen =
    verdict.kind === "anomalous"
      ? { seenAtMs: atMs, value: value ?? alert.value, band: verdict.band ?? alert.band, perDay: decision.alert.rarity }
      : {};
  const next: Alert = { ...alert, ...seen, reason: decision.alert.explanation.slice(0, 2_000), resolvedAtMs };
  if (decision.kind === "resolved") open.delete(signal);
  else open.set(signal, next);
  await world.registry.write("alert", next.id, next, "any");
  const said = { alert: next.id, node, signal, reason: decision.reason };
  if (decision.kind === "opened") await world.bus.publish("prediction.alert-opened", said);
  if (decision.kind === "resolved") await world.bus.publish("prediction.alert-resolved", said);
}

function newAlert(node: NodeId, signal: Signal, atMs: number): Alert {
  const band = { low: null, high: null };
  return {
    id: alertId(node, signal, atMs),
    node,
    signal,
    openedAtMs: atMs,
    seenAtMs: atMs,
    resolvedAtMs: null,
    value: 0,
    band,
    perDay: 0,
    reason: "",
    label: null,
  };
}

const troubleOf = ({ id, node, signal, openedAtMs, seenAtMs, perDay, reason }: Alert): Trouble => ({
  id,
  node,
  metric: signal,
  startedAtMs: openedAtMs,
  lastAnomalousAtMs: seenAtMs,
  anomalousPoints: 1,
  rarity: perDay,
  explanation: reason,
});
