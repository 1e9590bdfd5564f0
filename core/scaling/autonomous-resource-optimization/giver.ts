/**
 * The giver's side of a trade: it offers, and when the offer is accepted it stops serving, writes down to whom it gave, and says so until it is
 * answered. From its offer on it is engaged with one peer and gives to no other.
 *
 * When the receiver is gone, what was given stays given: nobody can say from here whether it was taken. The receiver's return or its
 * fencing (`settleFenced`) ends that. So one lost node holds up at most one giver's trading, and never what that giver serves.
 */
import type { NodeId } from "../../kernel/ids.ts";
import { type TradeMessageOf, type TradeOutcome, WORK_ITEMS_MAX, type WorkItem, type WorkReport } from "../../kernel/work-trade.ts";
import { type Desk, isStanding, loadOf, type TradeState } from "./desk.ts";
import { address, named, offerIdOf, silent, type TradeStep } from "./saying.ts";
import type { Surroundings } from "./screening.ts";
import { chooseItems, mayGiveAll, shareOf } from "./trade-rule.ts";

export function makeOffer(state: TradeState, taker: WorkReport, around: Surroundings): TradeStep {
  const { desk } = state;
  const { marginShare, offerMs } = around.rules;
  const giver = loadOf(desk);
  const items = chooseItems(giver, taker, desk.work, { marginShare, countMax: WORK_ITEMS_MAX - taker.itemCount });
  if (items.length === 0) return silent("waiting", state, `nothing that ${taker.node} could take is worth the move`);
  const { head, state: counted } = address(state, taker.node, around);
  const offer = { id: offerIdOf(head), to: taker.node, itemIds: items.map(({ id }) => id), expiresAtMs: around.nowMs + offerMs };
  return {
    kind: "offered",
    reason: `${named(items)} to ${taker.node}: its share is ${percent(shareOf(taker))}, here it is ${percent(shareOf(giver))}`,
    state: { ...counted, talks: { ...counted.talks, offer } },
    message: { kind: "offer", ...head, offer: offer.id, items, giver },
  };
}

/** The commitment. What may have changed since the offer (a measured cost, finished work, the taker's load) is judged again. */
export function onAccept(state: TradeState, accept: TradeMessageOf<"accept">, around: Surroundings): TradeStep {
  const { desk, talks } = state;
  const { offer } = talks;
  if (offer === null || offer.id !== accept.offer || offer.to !== accept.from) return silent("ignored", state, `no offer ${accept.offer} is open`);
  const free: TradeState = { desk, talks: { ...talks, offer: null } };
  if (!isStanding(offer, around.nowMs)) return silent("ignored", free, `${accept.from} accepted when the offer had expired`);
  const items = desk.work.filter(({ id }) => offer.itemIds.includes(id)).toSorted((a, b) => b.units - a.units || (a.id < b.id ? -1 : 1));
  const isStillGood = items.length > 0 && accept.itemCount + items.length <= WORK_ITEMS_MAX;
  if (!isStillGood || !mayGiveAll(loadOf(desk), accept.taker, items, around.rules.marginShare)) {
    return silent("ignored", free, `the loads have changed since the offer to ${accept.from}, which is not worth the move any more`);
  }
  const given: Desk = {
    ...desk,
    work: desk.work.filter(({ id }) => !items.some((item) => item.id === id)),
    given: desk.given + 1,
    giving: { to: offer.to, sequence: desk.given + 1, items: items.map(withNextVersion), sinceMs: around.nowMs },
  };
  return { ...sendGiven({ ...free, desk: given }, around), kind: "given", reason: `${named(items)} to ${offer.to}, served here no more` };
}

/** Says what was given, for the first time or again. */
export function sendGiven(state: TradeState, around: Surroundings): TradeStep {
  const { giving } = state.desk;
  if (giving === null) return silent("waiting", state, "nothing is being handed over");
  const { head, state: counted } = address(state, giving.to, around);
  return {
    kind: "given-again",
    reason: `${giving.to} has not answered hand-over ${giving.sequence} for ${Math.max(0, around.nowMs - giving.sinceMs)} ms`,
    state: counted,
    message: { kind: "transfer", ...head, sequence: giving.sequence, items: giving.items, giver: loadOf(state.desk) },
  };
}

export function onRefuse(state: TradeState, refuse: TradeMessageOf<"refuse">): TradeStep {
  const { offer } = state.talks;
  if (offer === null || offer.id !== refuse.offer || offer.to !== refuse.from) return silent("ignored", state, `no offer ${refuse.offer} is open`);
  return silent("waiting", { ...state, talks: { ...state.talks, offer: null } }, `${refuse.from} refused: ${refuse.reason}`);
}

export function onAcknowledge(state: TradeState, { from, sequence, outcome, reason }: TradeMessageOf<"acknowledge">): TradeStep {
  const { giving } = state.desk;
  if (giving === null || giving.to !== from || giving.sequence !== sequence) return silent("ignored", state, `hand-over ${sequence} is not open`);
  return ended(state, outcome, `${from} says: ${reason}`);
}

/**
 * The receiver is fenced for ever, and whoever fenced it knows what became of the hand-over. `returned` only if nobody moves these
 * items from the fenced node's desk to another: they are served here again.
 */
export function settleFenced(state: TradeState, fenced: { readonly node: NodeId; readonly outcome: TradeOutcome }): TradeStep {
  if (state.desk.giving?.to !== fenced.node) return silent("ignored", state, `nothing is being handed over to ${fenced.node}`);
  return ended(state, fenced.outcome, `${fenced.node} was fenced`);
}

function ended(state: TradeState, outcome: TradeOutcome, reason: string): TradeStep {
  const { desk } = state;
  const items = desk.giving?.items ?? [];
  const back = outcome === "returned" ? items.map(withNextVersion) : [];
  const kind = outcome === "returned" ? "returned" : "settled";
  return silent(kind, { ...state, desk: { ...desk, giving: null, work: [...desk.work, ...back] } }, `${named(items)} ${outcome}; ${reason}`);
}

const withNextVersion = (item: WorkItem): WorkItem => ({ ...item, version: item.version + 1 });
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
