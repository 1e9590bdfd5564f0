/** What the agent is told of the work that its node serves, and by which it trades with its peers. Without this section it trades nothing. */
import * as z from "zod";
import { WorkLoad } from "../../core/kernel/work-trade.ts";
import { TRADE_RULES, type TradeRules } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { Hook, Path } from "../config-parts.ts";

export const AgentWork = z.strictObject({
  capacityUnits: WorkLoad.shape.capacityUnits.meta({ description: "What this node can serve, in the unit in which items of work are counted." }),
  items: Path.optional().meta({
    description: "A JSON file, read each round: {assigned: [{id, units}], measured: {id: units}, finished: [id]}. Each assigned id is taken on once.",
  }),
  changed: Hook.optional().meta({
    description:
      "Run with SYNNERGY_WORK, all that is to be served here as a JSON list of {id, units}. What is not in it must not be served any more.",
  }),
  roundSeconds: z.int().min(1).max(60).default(10).meta({ description: "How often loads are reported and trades begun. The same at every node." }),
});
export type AgentWork = z.infer<typeof AgentWork>;

/** An offer and a message are over before the next round; a report may miss two. */
export function rulesFor({ roundSeconds }: Pick<AgentWork, "roundSeconds">): TradeRules {
  const roundMs = roundSeconds * 1_000;
  return { ...TRADE_RULES, reportMsMax: 3 * roundMs, offerMs: 0.8 * roundMs, messageMs: 0.8 * roundMs };
}
