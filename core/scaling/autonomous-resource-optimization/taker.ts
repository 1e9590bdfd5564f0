/**
 * The taker's side: it promises to take what makes the fleet more even, keeps itself free for it until the promise ends, and answers each
 * hand-over exactly once, durably: taken or returned. The answer to a repetition is the same answer. It judges a hand-over as it
 * judged the offer, by its own load of this moment, so a promise that was forgotten costs nothing but a return. Promises only spare
 * interruptions for nothing: that the imbalance falls rests on this last judgement, since a giver's load, as it states it with the hand-over,
 * can only grow until the hand-over is answered.
 */
import type { NodeId } from "../../kernel/ids.ts";
import { type TradeMessageOf, type TradeOutcome, WORK_ITEMS_MAX, type WorkItem, type WorkLoad } from "../../kernel/work-trade.ts";
import { type Desk, GIVERS_MAX, isStanding, itemCountOf, loadOf, type TradeState } from "./desk.ts";
import { address, named, type TradeStep } from "./saying.ts";
import type { Surroundings } from "./screening.ts";
import { mayGiveAll } from "./trade-rule.ts";

export function onOffer(state: TradeState, offer: TradeMessageOf<"offer">, around: Surroundings): TradeStep {
  const against = objection(state, offer, around);
  const { head, state: counted } = address(state, offer.from, around);
  if (against !== null) {
    const message = { kind: "refuse", ...head, offer: offer.offer, reason: against } as const;
    return { kind: "declined", reason: `the offer of ${offer.from}: ${against}`, state: counted, message };
  }
  const promise = { offer: offer.offer, from: offer.from, expiresAtMs: around.nowMs + around.rules.offerMs };
  return {
    kind: "promised",
    reason: `to take ${named(offer.items)} from ${offer.from}`,
    state: { ...counted, talks: { ...counted.talks, promise } },
    message: { kind: "accept", ...head, offer: offer.offer, taker: loadOf(state.desk), itemCount: itemCountOf(state.desk) },
  };
}

export function onTransfer(state: TradeState, transfer: TradeMessageOf<"transfer">, around: Surroundings): TradeStep {
  const { from, sequence } = transfer;
  const last = Object.hasOwn(state.desk.answered, from) ? state.desk.answered[from] : undefined;
  if (last && sequence < last.sequence) {
    return { kind: "ignored", reason: `hand-over ${sequence} of ${from} is over: it is at ${last.sequence}`, state, message: null };
  }
  if (last?.sequence === sequence) {
    const again = answer(state, transfer, { outcome: last.outcome, reason: `as said before, ${last.outcome}` }, around);
    return { ...again, kind: "ignored", reason: `hand-over ${sequence} of ${from} was ${last.outcome} before` };
  }
  if (!hasRoomFor(state.desk, from)) return { kind: "ignored", reason: `this desk remembers ${GIVERS_MAX} givers and no more`, state, message: null };
  const against = objection(state, transfer, around);
  const outcome: TradeOutcome = against === null ? "taken" : "returned";
  const { desk, talks } = state;
  const next: Desk = {
    ...desk,
    work: against === null ? [...desk.work, ...transfer.items] : desk.work,
    answered: { ...desk.answered, [from]: { sequence, outcome } },
  };
  const promise = talks.promise?.from === from ? null : talks.promise;
  return answer(
    { desk: next, talks: { ...talks, promise } },
    transfer,
    { outcome, reason: against ?? `${named(transfer.items)} served here` },
    around,
  );
}

function answer(
  state: TradeState,
  { from, sequence }: TradeMessageOf<"transfer">,
  { outcome, reason }: { outcome: TradeOutcome; reason: string },
  around: Surroundings,
): TradeStep {
  const { head, state: counted } = address(state, from, around);
  const message = { kind: "acknowledge", ...head, sequence, outcome, reason } as const;
  return { kind: outcome, reason: `hand-over ${sequence} of ${from}: ${reason}`, state: counted, message };
}

type Asked = { readonly from: NodeId; readonly items: readonly WorkItem[]; readonly giver: WorkLoad };

/** Why these items are not wanted; null where they are. */
function objection({ desk, talks }: TradeState, { from, items, giver }: Asked, { nowMs, rules }: Surroundings): string | null {
  if (desk.giving !== null) return `it is handing over to ${desk.giving.to} itself`;
  if (isStanding(talks.offer, nowMs)) return `it has an offer of its own open to ${talks.offer?.to}`;
  if (talks.promise?.from !== from && isStanding(talks.promise, nowMs)) return `it is promised to ${talks.promise?.from}`;
  if (itemCountOf(desk) + items.length > WORK_ITEMS_MAX) return `its desk holds ${WORK_ITEMS_MAX} items at most`;
  if (!hasRoomFor(desk, from)) return `it remembers ${GIVERS_MAX} givers and no more`;
  const twice = items.find(({ id }) => desk.work.some((own) => own.id === id));
  if (twice) return `${twice.id} is served here already`;
  if (!mayGiveAll(giver, loadOf(desk), items, rules.marginShare)) return "it would not make the loads more even by the margin";
  return null;
}

const hasRoomFor = ({ answered }: Desk, giver: NodeId): boolean => Object.hasOwn(answered, giver) || Object.keys(answered).length < GIVERS_MAX;
