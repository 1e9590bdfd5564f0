/**
 * Makes the successor the holder in deed: hands over the state that was saved, sends the first grant (nonce first, then the
 * conditional renewal, then the grant, as at every renewal), and runs the operator's promote hook. What the successor
 * refuses is an answer, not an error: the workflow then tries the next one.
 */
import * as z from "zod";
import { renewLease } from "../../../core/failover/stateful-failover/lease.ts";
import { LeaseStale, RegistryConflict } from "../../../core/kernel/errors.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { medianMs } from "../../../core/kernel/slots.ts";
import { AGENT_TIMEOUT_MS, askReport, faultText, giveOrder } from "../../orders.ts";
import { writeJournal } from "./journal.ts";
import { HOOK_MS, holdIncident, STEP_MS } from "./ownership.ts";
import { cutReason } from "./request.ts";
import { nodeOf, roleOf } from "./step.ts";
import { TakenStep } from "./taking.ts";

/** Both Regions' watchers renew a held lease as well; each lost write means that one of them was faster. */
const GRANT_ATTEMPTS = 5;
/** 5,000 transactions are resubmitted one batch after the other; the role does not wait longer for them than for a hook's start. */
const ADOPT_MS = 5_000;

export const PromotedStep = TakenStep.extend({ promoted: z.boolean(), reason: z.string() });
export type Promoted = z.infer<typeof PromotedStep>;

export async function promoteSuccessor(world: World, step: TakenStep): Promise<Promoted> {
  const startedMs = world.clock.monotonicMs();
  await holdIncident(world, step, HOOK_MS + STEP_MS);
  const node = nodeOf(world, step.to);
  const state = await handOverState(world, step, node);
  const fault = (await sendFirstGrant(world, step, node)) ?? (await promote(world, step, node));
  /** A fault holds what a hook printed, and travels on with the workflow. */
  const reason = fault === null ? `${step.to} is promoted in epoch ${step.epoch}` : cutReason(fault);
  if (fault === null)
    await world.bus.publish("failover.role-promoted", { incident: step.incident, role: step.role, node: step.to, epoch: step.epoch });
  const tookMs = world.clock.monotonicMs() - startedMs;
  const kind = fault === null ? "promoted" : "not-promoted";
  await writeJournal(world, step.incident, { step: "PromoteSuccessor", kind, text: `${reason}; ${state}.`, tookMs, facts: { epoch: step.epoch } });
  return { ...step, promoted: fault === null, reason };
}

/** State that cannot be handed over costs transactions that their senders must send again, never the role. */
async function handOverState(world: World, step: TakenStep, node: FleetNode): Promise<string> {
  const saved = await world.registry.read("checkpoint", step.role);
  if (saved.kind === "absent") return "no state was saved to hand over";
  const { body, version, node: holder } = saved.value;
  if (holder === step.to) return "the saved state is its own";
  const carried = roleOf(world, step.role).carry.includes("pendingTransactions") ? body.pendingTransactions.length : 0;
  if (carried === 0) return `nothing was waiting in ${holder}'s pool`;
  const order = (nonce: string) => ({ kind: "adopt", nonce, role: step.role, epoch: step.epoch, checkpoint: saved.value }) as const;
  const answer = await giveOrder<"adopt">(world, node, ({ nonce }) => order(nonce), ADOPT_MS);
  if (answer.kind !== "answered") return `state ${version} of ${holder} was not adopted, ${faultText(answer)}`;
  const { accepted, known, rejected } = answer.reply;
  return `state ${version} of ${holder} handed over: ${accepted} transactions accepted, ${known} known, ${rejected} rejected`;
}

/** Null when the successor has a grant of this epoch; else why it has none. */
async function sendFirstGrant(world: World, step: TakenStep, node: FleetNode): Promise<string | null> {
  const { registry, clock } = world;
  for (let attempt = 1; attempt <= GRANT_ATTEMPTS; attempt += 1) {
    const asked = await askReport(world, node);
    if (asked.kind !== "answered") return `${step.to}'s agent gives no nonce, ${faultText(asked)}`;
    const { report } = asked;
    if (report.roles.some(({ role, grant }) => role === step.role && grant?.epoch === step.epoch)) return null;
    const found = await registry.read("lease", step.role);
    const lease = heldFor(step, found.kind === "found" ? found.value : null);
    const renewal = renewLease(lease, {
      report,
      medianWallMs: medianMs([clock.wallMs(), report.wallMs]),
      slots: world.fleet.chain.slots,
      registry: registry.name,
    });
    if (renewal.kind === "refused") return `${step.to} cannot be granted the role: ${renewal.reason}`;
    const written = await registry.write("lease", step.role, renewal.next, found.kind === "found" ? found.revision : "absent");
    if (written.kind === "conflict") continue;
    const answer = await world.agents.call<"grant">(
      node,
      { kind: "grant", nonce: report.nonce, grant: renewal.grant },
      { timeoutMs: AGENT_TIMEOUT_MS },
    );
    if (answer.kind === "answered") return null;
    if (answer.kind !== "refused" || answer.code !== "replayed") return `${step.to} did not take its grant, ${faultText(answer)}`;
  }
  throw new RegistryConflict({ kind: "lease", key: step.role, attempts: GRANT_ATTEMPTS });
}

function heldFor(step: TakenStep, lease: Lease | null): Lease {
  if (lease?.state === "held" && lease.holder === step.to && lease.epoch === step.epoch) return lease;
  const found = lease ? `${lease.state} by ${lease.holder} in epoch ${lease.epoch}` : "none";
  throw new LeaseStale({ role: step.role, expected: `held by ${step.to} in epoch ${step.epoch}`, found });
}

async function promote(world: World, step: TakenStep, node: FleetNode): Promise<string | null> {
  const order = (nonce: string) => ({ kind: "promote", nonce, role: step.role, epoch: step.epoch }) as const;
  const answer = await giveOrder<"promote">(world, node, ({ nonce }) => order(nonce), HOOK_MS);
  return answer.kind === "answered" ? null : `${step.to} was not promoted, ${faultText(answer)}`;
}
