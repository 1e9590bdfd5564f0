/**
 * Gives a role a lease where there is none to trust: every member's agent is fenced through all it knows and says what it
 * was granted, and the new lease starts above all of it, revoked from the start, to be waited out like any other. An
 * agent that cannot be asked may hold a right that nobody else knows of: then a person decides.
 */
import { establishLease, type Word } from "../../../core/failover/stateful-failover/takeover.ts";
import { RegistryConflict } from "../../../core/kernel/errors.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { askReport, giveOrder } from "../../orders.ts";
import { writeJournal } from "./journal.ts";
import { nodeOf, roleOf, type Step } from "./step.ts";

/** True until this incident's own established lease is in the registry. */
export function mustEstablish(world: World, lease: Lease | null, incident: Incident): boolean {
  const done = lease?.registry === world.registry.name && lease.state === "revoking" && lease.revocation?.incident === incident.id;
  return incident.kind === "establish" && !done;
}

export type EstablishOutcome = { kind: "written" } | { kind: "needs-person"; missing: readonly NodeId[]; reason: string };

export async function establish(world: World, step: Step, incident: Incident, existing: Lease | null): Promise<EstablishOutcome> {
  const { registry, clock } = world;
  const role = roleOf(world, step.role);
  const before = await registry.read("lease", step.role);
  const answers = await Promise.all(role.members.map((id) => fenceAll(world, step, nodeOf(world, id), existing)));
  const words = answers.flatMap((word) => (word === null ? [] : [word]));
  const missing = role.members.filter((member) => !words.some(({ node }) => node === member));
  const decided = incident.approval?.decidedBy ?? null;
  const established = establishLease({
    role: step.role,
    members: role.members,
    words,
    existing: before.kind === "found" ? before.value : null,
    leaseMs: role.leaseSeconds * 1_000,
    registry: registry.name,
    owner: step.execution,
    incident: step.incident,
    nowMs: clock.wallMs(),
    deadlineMs: incident.ownerDeadlineMs,
    slots: world.fleet.chain.slots,
    /** A person answers only for those whom the approval named. */
    personAccepts: decided !== null && missing.every((member) => step.unasked.includes(member)),
  });
  if (established.kind === "needs-person") return established;
  const written = await registry.write("lease", step.role, established.next, before.kind === "found" ? before.revision : "absent");
  if (written.kind === "conflict") throw new RegistryConflict({ kind: "lease", key: step.role, attempts: 1 });
  const accepted = missing.length > 0 ? ` ${decided} answers for ${missing.join(", ")}.` : "";
  await writeJournal(world, step.incident, {
    step: "FencePrimary",
    kind: "established",
    text: `${established.reason}.${accepted}`,
    facts: { words, missing },
  });
  return { kind: "written" };
}

async function fenceAll(world: World, step: Step, node: FleetNode, existing: Lease | null): Promise<Word | null> {
  const asked = await askReport(world, node);
  if (asked.kind !== "answered") return null;
  const known = asked.report.roles.find(({ role }) => role === step.role);
  const epoch = Math.max(known?.epoch ?? 0, known?.fencedThrough ?? 0, existing?.epoch ?? 0);
  const answer = await giveOrder<"fence">(world, node, ({ nonce }) => ({ kind: "fence", nonce, role: step.role, epoch, after: "now" }));
  if (answer.kind !== "answered") return null;
  const { reply } = answer;
  return { node: node.id, epoch: known?.epoch ?? 0, fencedThrough: reply.epoch, watermark: reply.watermark, throughSlot: reply.throughSlot };
}
