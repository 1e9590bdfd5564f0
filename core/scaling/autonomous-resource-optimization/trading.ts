/**
 * Autonomous balancing of work: each node looks at its own load and at its peers' signed, fresh reports, and trades work with one peer at a
 * time by offer, accept, hand-over and acknowledgement. No scheduler, no vote, no shared store.
 *
 * What holds whatever is lost, doubled, overtaken or restarted: an item is served by at most one node at every moment, and belongs to
 * exactly one desk or one unanswered hand-over (desk.ts); during a hand-over nobody serves it, for one message's way when nothing is
 * lost, and until the receiver is back or fenced at worst. Under constant load trading ends (trade-rule.ts, convergence.ts). The work of a node
 * that is silent stays its own: taking it over is failover's decision.
 *
 * The caller verifies who signed each message and report, stops serving what left `desk.work`, stores the desk, and only then sends.
 */
import type { TradeMessage, WorkReport } from "../../kernel/work-trade.ts";
import { isStanding, type TradeState } from "./desk.ts";
import { makeOffer, onAccept, onAcknowledge, onRefuse, sendGiven } from "./giver.ts";
import { findTaker, freshReports } from "./matching.ts";
import { silent, type TradeStep } from "./saying.ts";
import { type Surroundings, screen } from "./screening.ts";
import { onOffer, onTransfer } from "./taker.ts";

/**
 * Once a round, when the node has sent out its own report. `own` is that report, `reports` the newest of each peer; stale ones and strangers'
 * are not looked at. Everybody finds its partner by what was reported, of itself too, so that all see the same matching.
 */
export function tick(state: TradeState, own: WorkReport, reports: readonly WorkReport[], around: Surroundings): TradeStep {
  const { nowMs, rules, members } = around;
  const { offer, promise } = state.talks;
  if (state.desk.giving !== null) return sendGiven(state, around);
  if (isStanding(offer, nowMs)) return silent("waiting", state, `for ${offer?.to} to answer offer ${offer?.id}`);
  if (isStanding(promise, nowMs)) return silent("waiting", state, `for ${promise?.from} to hand over what it offered`);
  const free: TradeState = { ...state, talks: { ...state.talks, offer: null, promise: null } };
  const fresh = freshReports(reports, state.desk.node, rules, nowMs).filter(({ node }) => members.has(node));
  if (fresh.length === 0) return silent("waiting", free, `none of ${reports.length} reports is fresh`);
  const taker = findTaker({ ...own, isEngaged: false }, fresh, rules.marginShare);
  if (taker === null) return silent("waiting", free, `${fresh.length} fresh reports, and nobody to give to`);
  return makeOffer(free, taker, around);
}

export function receive(state: TradeState, message: TradeMessage, around: Surroundings): TradeStep {
  const screened = screen(state, message, around);
  if (screened.kind !== "heard") return silent(screened.kind, state, `a message (${message.kind}) of ${message.from}: ${screened.reason}`);
  const heard: TradeState = { desk: state.desk, talks: screened.talks };
  switch (message.kind) {
    case "offer":
      return onOffer(heard, message, around);
    case "accept":
      return onAccept(heard, message, around);
    case "refuse":
      return onRefuse(heard, message);
    case "transfer":
      return onTransfer(heard, message, around);
    case "acknowledge":
      return onAcknowledge(heard, message);
  }
}
