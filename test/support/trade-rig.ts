/** Three traders by hand, message by message: a hot one with eight items of ten units, a cold one with none, and a third. */
import { expect } from "vitest";
import type { NodeId } from "../../core/kernel/ids.ts";
import { TradeMessage, type WorkItem } from "../../core/kernel/work-trade.ts";
import { type Desk, newDesk, reportOf, restart, type TradeState, type WorkChange } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import type { TradeStep } from "../../core/scaling/autonomous-resource-optimization/saying.ts";
import { TRADE_RULES } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { receive, tick } from "../../core/scaling/autonomous-resource-optimization/trading.ts";

export const [HOT, COLD, THIRD] = ["hot", "cold", "third"] as [NodeId, NodeId, NodeId];
export const NOW_MS = 5_000_000;
export const at = (nowMs = NOW_MS) => ({ nowMs, rules: TRADE_RULES, members: new Set([HOT, COLD, THIRD]) });

export const items = (count: number, units: number): WorkItem[] =>
  Array.from({ length: count }, (_, index) => ({ id: `w${units}-${index}`, units, version: 1 }));
export const withWork = (node: NodeId, work: WorkItem[]): TradeState => restart({ ...newDesk(node, 100, 1_000), work });

export const hot = withWork(HOT, items(8, 10));
export const cold = withWork(COLD, []);

export const ticked = (state: TradeState, others: TradeState[], nowMs = NOW_MS): TradeStep =>
  tick(
    state,
    reportOf(state, nowMs),
    others.map((other) => reportOf(other, nowMs)),
    at(nowMs),
  );
export function sent<K extends TradeMessage["kind"]>(step: TradeStep, kind: K) {
  expect(step.message?.kind).toBe(kind);
  return TradeMessage.parse(step.message) as Extract<TradeMessage, { kind: K }>;
}
/** Up to the moment when the giver has committed itself. */
export function handedOver() {
  const offered = ticked(hot, [cold]);
  const promised = receive(cold, sent(offered, "offer"), at());
  const given = receive(offered.state, sent(promised, "accept"), at());
  return { offered, promised, given, transfer: sent(given, "transfer") };
}

export const changed = (change: WorkChange): Desk => {
  if (change.kind === "refused") throw new Error(change.reason);
  return change.desk;
};
