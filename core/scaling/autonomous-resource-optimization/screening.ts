/**
 * Which messages are heard at all. Signatures are checked before; what is refused here was honestly written by somebody, and is
 * for another node, from a node that is not of the fleet, too old, or has been heard before. A message that was overtaken by a newer one
 * counts as a repetition: that loses it, and what is lost is said again.
 */
import type { NodeId } from "../../kernel/ids.ts";
import type { TradeMessage } from "../../kernel/work-trade.ts";
import type { Talks, TradeState } from "./desk.ts";
import type { TradeRules } from "./trade-rule.ts";

export type Surroundings = {
  readonly nowMs: number;
  readonly rules: TradeRules;
  /** The nodes of the fleet, this one included. */
  readonly members: ReadonlySet<NodeId>;
};

export type Screening =
  | { readonly kind: "heard"; readonly talks: Talks }
  | { readonly kind: "misdirected" | "stranger" | "expired" | "replayed"; readonly reason: string };

export function screen({ desk, talks }: TradeState, message: TradeMessage, { nowMs, rules, members }: Surroundings): Screening {
  const { from, to, epoch, number, expiresAtMs } = message;
  if (to !== desk.node) return { kind: "misdirected", reason: `it is for ${to}` };
  if (from === desk.node || !members.has(from)) return { kind: "stranger", reason: `${from} is no other node of the fleet` };
  if (nowMs > expiresAtMs + rules.skewMsMax) return { kind: "expired", reason: `it expired ${nowMs - expiresAtMs} ms ago` };
  const lifeMs = expiresAtMs - nowMs;
  if (lifeMs > rules.messageMs + rules.skewMsMax) {
    return { kind: "expired", reason: `it would live ${lifeMs} ms, at most ${rules.messageMs + rules.skewMsMax} ms are allowed` };
  }
  const last = talks.heard.get(from);
  if (last && (epoch < last.epoch || (epoch === last.epoch && number <= last.number))) {
    return { kind: "replayed", reason: `${from} is at message ${last.epoch}.${last.number}, this is ${epoch}.${number}` };
  }
  return { kind: "heard", talks: { ...talks, heard: new Map(talks.heard).set(from, { epoch, number }) } };
}
