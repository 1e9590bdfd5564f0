/**
 * With whom a node trades in this round. There is no scheduler: every node looks at the same fresh reports, its own included, and finds
 * the same pairs, the hottest with the coldest that may take something from it, then the next hottest, each node in one pair at most.
 * Where views differ two may offer to the same one; it takes one and refuses the other, and nothing is lost but a round.
 */
import type { NodeId } from "../../kernel/ids.ts";
import { WORK_ITEMS_MAX, type WorkReport } from "../../kernel/work-trade.ts";
import { mayGive, shareOf, type TradeRules } from "./trade-rule.ts";

/** Reports that may be acted on: of others, young enough, not from the future, one a node (the newest). */
export function freshReports(reports: readonly WorkReport[], self: NodeId, rules: TradeRules, nowMs: number): WorkReport[] {
  const newest = new Map<NodeId, WorkReport>();
  for (const report of reports) {
    const isFresh = nowMs - report.atMs <= rules.reportMsMax && report.atMs - nowMs <= rules.skewMsMax;
    if (report.node === self || !isFresh) continue;
    const known = newest.get(report.node);
    if (known === undefined || known.atMs < report.atMs) newest.set(report.node, report);
  }
  return [...newest.values()];
}

/** Whom `own` should offer work to now; null where it is matched with nobody, or as a taker. */
export function findTaker(own: WorkReport, fresh: readonly WorkReport[], marginShare: number): WorkReport | null {
  const coldestFirst = [own, ...fresh].filter(({ isEngaged }) => !isEngaged).toSorted(byShareThenName);
  const matched = new Set<NodeId>();
  for (const giver of coldestFirst.toReversed()) {
    const units = giver.smallestUnits;
    if (units === null || matched.has(giver.node)) continue;
    const taker = coldestFirst.find(
      (one) => one.node !== giver.node && !matched.has(one.node) && one.itemCount < WORK_ITEMS_MAX && mayGive(giver, one, units, marginShare),
    );
    if (giver.node === own.node) return taker ?? null;
    if (taker?.node === own.node) return null;
    if (taker) matched.add(giver.node).add(taker.node);
  }
  return null;
}

function byShareThenName(left: WorkReport, right: WorkReport): number {
  return shareOf(left) - shareOf(right) || (left.node < right.node ? -1 : 1);
}
