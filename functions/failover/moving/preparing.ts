/** Asks the successor's agent whether its node can take the role, which runs the operator's own check there. */
import type { World } from "../../../core/kernel/ports.ts";
import { AGENT_TIMEOUT_MS, faultText, giveOrder } from "../../orders.ts";
import { takenBy } from "./fencing.ts";
import { writeJournal } from "./journal.ts";
import { requireOwned, STEP_MS } from "./ownership.ts";
import { cutReason } from "./request.ts";
import { nodeOf, type Step } from "./step.ts";

/** A node that cannot say within this that it is ready is not; it leaves the incident's deadline room for what follows. */
const PREPARE_MS = (STEP_MS * 2) / 3;

export type Prepared = Step & { readonly able: boolean; readonly unable: string | null };

export async function prepareSuccessor(world: World, step: Step): Promise<Prepared> {
  const startedMs = world.clock.monotonicMs();
  const incident = await requireOwned(world, step);
  const lease = await world.registry.read("lease", step.role);
  if (lease.kind === "found" && takenBy(lease.value, incident)) return { ...step, able: true, unable: null };
  const order = (nonce: string) => ({ kind: "prepare", nonce, role: step.role }) as const;
  const ask = (withinMs: number) => giveOrder<"prepare">(world, nodeOf(world, step.to), ({ nonce }) => order(nonce), withinMs);
  const first = await ask(PREPARE_MS);
  // One lost packet must not burn a successor, who may be the last. Both tries together have the time that one has.
  const leftMs = PREPARE_MS - (world.clock.monotonicMs() - startedMs);
  const answer = first.kind === "unreachable" && leftMs > AGENT_TIMEOUT_MS ? await ask(leftMs) : first;
  const fault = answer.kind === "answered" ? (answer.reply.able ? null : answer.reply.reason) : faultText(answer);
  const unable = fault === null ? null : cutReason(fault);
  const text = unable === null ? `${step.to} can take the role.` : `${step.to} cannot take the role: ${unable}.`;
  const head = answer.kind === "answered" ? answer.reply.head : null;
  const tookMs = world.clock.monotonicMs() - startedMs;
  await writeJournal(world, step.incident, { step: "PrepareSuccessor", kind: unable === null ? "able" : "unable", text, tookMs, facts: { head } });
  return { ...step, able: unable === null, unable };
}
