/** What stands around a group's units: the declared members that share the demand, what is held, and what the guard says may leave. */
import type { Seen } from "../../../core/kernel/capacity.ts";
import { stayingUnits } from "../../../core/kernel/capacity-rules.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { ScalingGroup } from "../../../core/kernel/scaling-policy.ts";
import { chooseRemovals, type GuardedNode, type GuardRule } from "../../../core/scaling/predictive-resource-scaling/capacity-guard.ts";

const LIST_MAX = 1_000;
/** An archive is what a group of this purpose keeps. */
const ARCHIVE = "archive";
const ZONES_MIN = 2;
const UNIT_ROLE = "unit";

export type Surroundings = {
  /** Members of the role in the fleet file that are well: they carry demand beside the units. */
  readonly declaredReady: number;
  /** Units that may leave now, in the order in which they would. */
  readonly removable: readonly string[];
  /** Why the others stay. */
  readonly kept: readonly { readonly id: string; readonly reason: string }[];
};

export async function lookAround(world: World, group: ScalingGroup, seen: Seen): Promise<Surroundings> {
  const { registry, fleet } = world;
  const { serves } = group;
  const role = serves.kind === "role" ? fleet.roles.find(({ name }) => name === serves.role) : undefined;
  const [verdicts, standings, leases, incident] = await Promise.all([
    registry.list("verdict", { limit: LIST_MAX }),
    registry.list("standing", { limit: LIST_MAX }),
    registry.list("lease", { limit: LIST_MAX }),
    role === undefined ? null : registry.read("roleIncident", role.name),
  ]);
  const ill = new Set<string>();
  for (const { value } of verdicts) if (value.kind !== "healthy" && value.kind !== "slow") ill.add(value.node);
  for (const { value } of standings) if (value.standing !== "member") ill.add(value.node);
  const holders = new Set<string>(leases.map(({ value }) => value.holder));
  const isMoving = incident?.kind === "found" && incident.value.open !== null;
  const members = fleet.nodes.filter(({ id }) => role?.members.includes(id));
  const declared = members.map((node): GuardedNode => guardedMember(node, !ill.has(node.id)));
  const units = stayingUnits(seen).map(
    ({ id, state, zone }): GuardedNode => ({
      id,
      role: UNIT_ROLE,
      zone: zone ?? "unknown",
      hasArchive: serves.kind === "purpose" && serves.purpose === ARCHIVE,
      isReady: state === "ready" && !ill.has(id),
      isHeld: isMoving || holders.has(id),
    }),
  );
  const nodes = [...declared, ...units];
  const { remove, keep } = chooseRemovals(nodes, ruleOf(group, nodes), units.length);
  return {
    declaredReady: declared.filter(({ isReady }) => isReady).length,
    removable: remove.map(({ id }) => id),
    kept: keep.filter(({ id }) => units.some((unit) => unit.id === id)),
  };
}

function guardedMember({ id, zone }: FleetNode, isReady: boolean): GuardedNode {
  return { id, role: "member", zone, hasArchive: false, isReady, isHeld: false };
}

/** Of a role's nodes a majority stays ready; of a purpose's, the group's own minimum. */
function ruleOf({ serves, min, joins }: ScalingGroup, nodes: readonly GuardedNode[]): GuardRule {
  const zonesMin = Math.min(ZONES_MIN, new Set([...joins.zones, ...nodes.flatMap(({ role, zone }) => (role === "member" ? [zone] : []))]).size);
  const keepsArchive = serves.kind === "purpose" && serves.purpose === ARCHIVE;
  return {
    removableRoles: [UNIT_ROLE],
    quorumNodes: serves.kind === "role" ? Math.floor(nodes.filter(({ role, isReady }) => role === "member" || isReady).length / 2) + 1 : min,
    zonesMin,
    archivesMin: keepsArchive ? Math.max(1, min) : 0,
    archiveZonesMin: keepsArchive ? zonesMin : 0,
  };
}
