/**
 * What travels through the failover workflow from state to state: who works on which incident, and what was decided. Small
 * on purpose; everything else is read from the registry by the step that needs it, so that any execution can go on from
 * where another one stopped.
 */
import * as z from "zod";
import { FleetMismatch } from "../../../core/kernel/errors.ts";
import type { FleetNode, FleetRole } from "../../../core/kernel/fleet.ts";
import { FleetId, IncidentId, NodeId, RoleName } from "../../../core/kernel/ids.ts";
import { IncidentKind } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";

export const Step = z.object({
  fleet: FleetId,
  role: RoleName,
  incident: IncidentId,
  /** The execution's ARN: the owner of the incident and of the lease's revocation. */
  execution: z.string().min(1).max(512),
  kind: IncidentKind,
  /** The old holder is alive and hands over after one more slot. */
  planned: z.boolean(),
  from: NodeId.nullable(),
  to: NodeId,
  /** The node that was asked for by name, if any: this one or none. */
  requested: NodeId.nullable().default(null),
  burned: z.array(NodeId).max(64).default([]),
  /** Members whose agents cannot be asked what they were granted; a person who approves takes their silence upon themself. */
  unasked: z.array(NodeId).max(64).default([]),
  /** How long the workflow waits for a person; the state machine reads it. */
  approvalSeconds: z.int().min(1),
  approvedBy: z.string().max(256).nullable().default(null),
});
export type Step = z.infer<typeof Step>;

export function roleOf(world: World, name: string): FleetRole {
  const role = world.fleet.roles.find((one) => one.name === name);
  if (!role) throw new FleetMismatch({ what: "the role", found: name, allowed: world.fleet.roles.map((one) => one.name) });
  return role;
}

export function nodeOf(world: World, id: string): FleetNode {
  const node = world.fleet.nodes.find((one) => one.id === id);
  if (!node) throw new FleetMismatch({ what: "the node", found: id, allowed: world.fleet.nodes.map((one) => one.id) });
  return node;
}
