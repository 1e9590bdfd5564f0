/**
 * Takes the node's cell for this execution and chooses the next step. A place in the budget is taken in the same conditional write that looks
 * whether there is one, so that of many nodes at once no more are moved than may be.
 */

import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { FleetMismatch, RunStale } from "../../../core/kernel/errors.ts";
import type { NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Foreseen, Preemption } from "../../../core/kernel/prediction.ts";
import { moveLimit, withMove } from "../../../core/prediction/automated-failover-orchestration/budget.ts";
import {
  decidePreemption,
  type PreemptionDecision,
  type PreemptionFacts,
} from "../../../core/prediction/automated-failover-orchestration/preemption.ts";
import { PREEMPTION_OWNER_MS } from "../../preemption-step.ts";
import { standbysOf } from "./standbys.ts";
import type { PreemptInput, PreemptStep } from "./step.ts";

/** A role's move, once it may begin: fencing, handing over, a few slots of signing. */
const MOVE_MS = 180_000;
const WAIT_SECONDS_MAX = 60;

export async function weighPreemption(world: World, input: PreemptInput): Promise<PreemptStep> {
  const { fleet, registry, clock } = world;
  const { node, execution } = input;
  if (!fleet.nodes.some(({ id }) => id === node))
    throw new FleetMismatch({ what: "the node", found: node, allowed: fleet.nodes.map(({ id }) => id) });
  const found = await registry.read("foreseen", node);
  if (found.kind === "absent") throw new RunStale({ what: `the preemption of ${node}`, run: execution, found: "nothing was ever foretold of it" });
  const cell = await takeCell(world, input, found.value);
  const facts = await lookAround(world, found.value, cell);
  const decided = await withinBudget(world, node, facts);
  const waitSeconds = Math.min(WAIT_SECONDS_MAX, fleet.policies.prediction.everySeconds);
  const { kind, reason } = decided;
  const ending = decided.kind === "end" ? decided.ending : null;
  world.log.decision({ module: "prediction", subject: node, kind, reason, at: clock.wallMs() });
  const rounds = input.rounds + 1;
  return { ...input, rounds, prediction: cell.prediction, role: facts.role, decision: kind, ending, waitSeconds, reason };
}

async function takeCell({ registry, clock }: World, { node, execution }: PreemptInput, { open, latest }: Foreseen): Promise<Preemption> {
  const nowMs = clock.wallMs();
  const taken = await updateRecord(registry, "preemption", node, (current) => {
    const isOurs = current !== null && current.owner === execution && current.endedAtMs === null;
    const isOthers = current !== null && !isOurs && current.endedAtMs === null && current.ownerDeadlineMs > nowMs;
    if (isOthers) throw new RunStale({ what: `the preemption of ${node}`, run: execution, found: current.owner });
    const owned = { owner: execution, ownerDeadlineMs: nowMs + PREEMPTION_OWNER_MS };
    /** An execution that stopped in the middle left an episode behind: the next one goes on with it. */
    if (current !== null && current.endedAtMs === null) return { kind: "write" as const, next: { ...current, ...owned } };
    /** What an episode before knew of began none of its own again. */
    const first = open.find(({ level, madeAtMs }) => level !== "calm" && madeAtMs > (current?.endedAtMs ?? 0));
    if (first === undefined) throw new RunStale({ what: `the preemption of ${node}`, run: execution, found: "nothing is foretold of it" });
    const { id: prediction } = first;
    const next: Preemption = { node, prediction, step: "none", sinceMs: nowMs, openedAtMs: nowMs, endedAtMs: null, reason: latest.reason, ...owned };
    return { kind: "write" as const, next };
  });
  return taken.next;
}

async function lookAround(world: World, foreseen: Foreseen, { prediction, step, sinceMs }: Preemption): Promise<PreemptionFacts> {
  const { registry, fleet, clock } = world;
  const { prediction: policy, failover } = fleet.policies;
  const role = await heldBy(world, foreseen.node);
  const [cell, foresight, standbys] = await Promise.all([
    role === null ? null : registry.read("roleIncident", role),
    registry.read("foresight", "all"),
    role === null ? 0 : standbysOf(world, role, foreseen.node),
  ]);
  return {
    foreseen,
    prediction,
    step,
    stepSinceMs: sinceMs,
    mode: policy.mode,
    policy,
    role,
    standbys,
    isMoving: cell?.kind === "found" && cell.value.open !== null,
    recent: foresight.kind === "found" ? foresight.value.recent : [],
    moveMsMax: MOVE_MS + failover.approvalSeconds * 1_000,
    nowMs: clock.wallMs(),
  };
}

async function heldBy({ registry, fleet }: World, node: NodeId): Promise<RoleName | null> {
  const leases = await Promise.all(fleet.roles.map(({ name }) => registry.read("lease", name)));
  const held = leases.find((lease) => lease.kind === "found" && lease.value.holder === node);
  return held?.kind === "found" ? held.value.role : null;
}

async function withinBudget({ registry, fleet }: World, node: NodeId, facts: PreemptionFacts): Promise<PreemptionDecision> {
  const decided = decidePreemption(facts);
  if (decided.kind !== "hand-over") return decided;
  const { nowMs, prediction, moveMsMax: openMsMax } = facts;
  const policy = fleet.policies.prediction;
  const taken = await updateRecord(registry, "foresight", "all", (current) => {
    const limit = current === null ? null : moveLimit(current.recent, { node, prediction, policy, openMsMax, nowMs });
    if (current === null || limit !== null) return { kind: "keep" as const };
    return {
      kind: "write" as const,
      next: { ...current, recent: withMove(current.recent, { node, prediction, atMs: nowMs, endedAtMs: null }, policy) },
    };
  });
  return taken.kind === "write" ? decided : { kind: "wait", reason: "another node's move took the last place in the budget" };
}
