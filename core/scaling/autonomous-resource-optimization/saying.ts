/** What a step comes to: the next state, at most one message, and why. The desk is to be stored before the message is sent. */
import type { NodeId } from "../../kernel/ids.ts";
import type { OfferId, TradeMessage } from "../../kernel/work-trade.ts";
import type { TradeState } from "./desk.ts";
import type { Surroundings } from "./screening.ts";

export type TradeStep = {
  readonly kind:
    | "waiting"
    | "offered"
    | "promised"
    | "declined"
    | "given"
    | "given-again"
    | "taken"
    | "returned"
    | "settled"
    | "ignored"
    | "misdirected"
    | "stranger"
    | "expired"
    | "replayed";
  readonly reason: string;
  readonly state: TradeState;
  readonly message: TradeMessage | null;
};

export type Head = Pick<TradeMessage, "from" | "to" | "epoch" | "number" | "expiresAtMs">;

/** The head of this node's next message, and the state in which it was counted. */
export function address(state: TradeState, to: NodeId, { nowMs, rules }: Surroundings): { head: Head; state: TradeState } {
  const number = state.talks.number + 1;
  const { node, epoch } = state.desk;
  return {
    head: { from: node, to, epoch, number, expiresAtMs: nowMs + rules.messageMs },
    state: { ...state, talks: { ...state.talks, number } },
  };
}

export const offerIdOf = ({ from, epoch, number }: Head): OfferId => `${from}.${epoch}.${number}`;

export function silent(kind: TradeStep["kind"], state: TradeState, reason: string): TradeStep {
  return { kind, reason, state, message: null };
}

export const named = (items: readonly { id: string }[]): string => {
  const [first] = items;
  return items.length === 1 && first ? first.id : `${items.length} items`;
};
