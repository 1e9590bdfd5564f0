/**
 * Alerts of a node's signals: one while a trouble lasts, told when it opens and when it is over; an operator's label goes to the threshold that
 * raised it. What the thresholds make of a node's future is little on its own, so it warns and moves nothing.
 */

import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { incidentId, type NodeId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Alert, OpenAlerts } from "../../../core/kernel/prediction.ts";
import type { Vitals } from "../../../core/kernel/records.ts";
import type { Signal } from "../../../core/kernel/signals.ts";
import { DEFAULT_ALERTS, decideAlert, type Alert as Trouble } from "../../../core/prediction/dynamic-threshold-adjustment/alerts.ts";
import { stillLasts } from "../../../core/prediction/dynamic-threshold-adjustment/lasting.ts";
import type { ThresholdWord } from "../../../core/prediction/predictive-model/estimate.ts";
import { wordOfThresholds } from "../../../core/prediction/predictive-model/threshold-word.ts";
import { hearLabel, type Judgement, judgeSignals } from "./thresholds.ts";

/** An alert that nobody has seen for so long, as nothing is measured any more, says nothing of now. */
const SEEN_MS = 1_800_000;

const alertId = (node: NodeId, signal: string, atMs: number): string => incidentId(`${node}.${signal}`, atMs);

export async function watchSignals(world: World, node: NodeId, window: readonly Vitals[]): Promise<ThresholdWord> {
  const found = await world.registry.read("openAlerts", node);
  const cell: OpenAlerts = found.kind === "found" ? found.value : { node, judgedUntilMs: 0, open: [], labels: [] };
  for (const label of cell.labels) await hearLabel(world, node, label);
  const open = new Map(cell.open.map((alert) => [alert.signal, alert]));
  const judgements = await judgeSignals(world, node, window);
  /** A process that starts anew learns again from points that were judged before; they raise nothing twice. */
  const fresh = judgements.filter(({ atMs }) => atMs > cell.judgedUntilMs);
  let changes = 0;
  for (const judgement of fresh) if (await follow(world, node, open, judgement)) changes += 1;
  if (changes > 0 || cell.labels.length > 0) await keepOpen(world, node, { cell, open, judgedUntilMs: fresh.at(-1)?.atMs ?? cell.judgedUntilMs });
  const nowMs = world.clock.wallMs();
  return wordOfThresholds([...open.values()].filter(({ seenAtMs }) => nowMs - seenAtMs < SEEN_MS));
}

/** Written last: a look that ends before does everything again, under the same ids. */
async function keepOpen(
  world: World,
  node: NodeId,
  { cell, open, judgedUntilMs }: { cell: OpenAlerts; open: Map<string, Alert>; judgedUntilMs: number },
) {
  for (const { alert } of cell.labels)
    await changeAlert(world, alert, (current) => ({ ...current, label: current.label && { ...current.label, heard: true } }));
  const heard = new Set(cell.labels.map(({ alert, atMs }) => `${alert} ${atMs}`));
  await updateRecord(world.registry, "openAlerts", node, (current) => {
    const labels = (current?.labels ?? []).filter(({ alert, atMs }) => !heard.has(`${alert} ${atMs}`));
    return { kind: "write" as const, next: { node, judgedUntilMs, open: [...open.values()], labels } };
  });
}

async function changeAlert({ registry }: World, id: string, change: (current: Alert) => Alert): Promise<void> {
  await updateRecord(registry, "alert", id, (current) =>
    current === null ? { kind: "keep" as const } : { kind: "write" as const, next: change(current) },
  );
}

/** Whether anything of its alert has changed. */
async function follow(world: World, node: NodeId, open: Map<string, Alert>, { signal, atMs, value, verdict }: Judgement): Promise<boolean> {
  const before = open.get(signal);
  if (
    before !== undefined &&
    verdict.kind !== "anomalous" &&
    stillLasts(before, { atMs, value }, world.fleet.policies.prediction.shiftSeconds * 1_000)
  ) {
    open.set(signal, { ...before, seenAtMs: atMs });
    return true;
  }
  const decision = decideAlert(before === undefined ? null : troubleOf(before), { node, metric: signal, atMs, verdict }, DEFAULT_ALERTS);
  if (decision.kind === "none" || (decision.kind === "goes-on" && verdict.kind !== "anomalous")) return false;
  const alert = before ?? newAlert(node, signal, atMs);
  const seen = verdict.kind === "anomalous" ? { seenAtMs: atMs, value: value ?? alert.value, band: before?.band ?? verdict.band ?? alert.band } : {};
  const resolvedAtMs = decision.kind === "resolved" ? decision.resolvedAtMs : null;
  const said = { perDay: decision.alert.rarity, reason: decision.alert.explanation.slice(0, 2_000), resolvedAtMs };
  const next: Alert = { ...alert, ...seen, ...said };
  if (decision.kind === "resolved") open.delete(signal);
  else open.set(signal, next);
  /** An operator may have labelled it meanwhile. */
  await updateRecord(world.registry, "alert", next.id, (current) => ({ kind: "write" as const, next: { ...next, label: current?.label ?? null } }));
  const told = { alert: next.id, node, signal, reason: decision.reason };
  if (decision.kind === "opened") await world.bus.publish("prediction.alert-opened", told);
  if (decision.kind === "resolved") await world.bus.publish("prediction.alert-resolved", told);
  return true;
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
