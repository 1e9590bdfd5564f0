/** Boots a real node on what was restored, by the operator's hook on the drill's host; and ends it again. */
import { AgentUnreachable, JobFailed } from "../../../core/kernel/errors.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { faultText, giveOrder } from "../../orders.ts";
import { type DrillStep, drillNode, sayDrill } from "./step.ts";

/** An operator's hook may take ten minutes. */
const HOOK_MS = 600_000;

export async function bootNode(world: World, step: DrillStep): Promise<DrillStep> {
  const node = drillNode(world, step.node);
  const startedMs = world.clock.monotonicMs();
  const { drill: job } = step;
  const answer = await giveOrder<"boot-scratch">(world, node, ({ nonce }) => ({ kind: "boot-scratch", nonce, job }), HOOK_MS);
  if (answer.kind === "refused") throw new JobFailed({ node: node.id, fault: answer.code, sentence: answer.reason });
  if (answer.kind !== "answered") throw new AgentUnreachable({ node: node.id, reason: faultText(answer) });
  await sayDrill(world, step, { doing: "holding it against the network" });
  /** Before it has followed anybody: this is what the backup held. */
  const { head } = answer.reply.view;
  const booted = head === null ? {} : { booted: { height: head.height, timestampS: head.timestampS } };
  return {
    ...step,
    ...booted,
    boot: { atMs: world.clock.wallMs(), ms: world.clock.monotonicMs() - startedMs },
    decision: "booted",
    reason: "the boot hook ended well",
  };
}

/** Of a drill that restored nothing there is nothing to end. */
export async function tearDown(world: World, step: DrillStep): Promise<DrillStep> {
  const node = drillNode(world, step.node);
  const { drill: job } = step;
  const answer = await giveOrder<"end-scratch">(world, node, ({ nonce }) => ({ kind: "end-scratch", nonce, job }), HOOK_MS);
  if (answer.kind === "refused") throw new JobFailed({ node: node.id, fault: answer.code, sentence: answer.reason });
  if (answer.kind !== "answered") throw new AgentUnreachable({ node: node.id, reason: faultText(answer) });
  return { ...step, reason: "the scratch node is gone" };
}
