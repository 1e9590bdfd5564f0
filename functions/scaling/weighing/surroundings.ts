/** What stands around a group's units: the declared members that share the demand, what is held, and what the guard says may leave. */
import type { Seen } from "../../../core/kernel/capacity.ts";
import { stayingUnits } from "../../../core/kernel/capacity-rules.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { Verdict } from "../../../core/kernel/node.ts";
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
    allVerdicts(registry),
    registry.list("standing", { limit: LIST_MAX }),
    registry.list("lease", { limit: LIST_MAX }),
    role === undefined ? null : registry.read("roleIncident", role.name),
  ]);
  const out = new Set<string>(standings.flatMap(({ value }) => (value.standing === "member" ? [] : [value.node])));
  const { doubted, down } = judgedBy(verdicts);
  const holders = new Set<string>(leases.map(({ value }) => value.holder));
  const isMoving = incident?.kind === "found" && incident.value.open !== null;
  const members = fleet.nodes.filter(({ id }) => role?.members.includes(id));
  const declared = members.map((node): GuardedNode => guardedMember(node, !doubted.has(node.id) && !out.has(node.id)));
  const units = stayingUnits(seen).map(
    ({ id, state, zone }): GuardedNode => ({
      id,
      role: UNIT_ROLE,
      zone: zone ?? "unknown",
      hasArchive: serves.kind === "purpose" && serves.purpose === ARCHIVE,
      isReady: state === "ready" && !doubted.has(id) && !out.has(id),
      isHeld: isMoving || holders.has(id),
    }),
  );
  const nodes = [...declared, ...units];
  const { remove, keep } = chooseRemovals(nodes, ruleOf(group, nodes), units.length);
  return {
    declaredReady: members.filter(({ id }) => !down.has(id) && !out.has(id)).length,
    removable: remove.map(({ id }) => id),
    kept: keep.filter(({ id }) => units.some((unit) => unit.id === id)),
  };
}

/** 500 nodes, each seen by three observers at most. */
async function allVerdicts(registry: World["registry"]): Promise<Verdict[]> {
  const found: Verdict[] = [];
  for (let after = ""; found.length < 2 * LIST_MAX; ) {
    const page = await registry.list("verdict", { limit: LIST_MAX, ...(after === "" ? {} : { after }) });
    found.push(...page.map(({ value }) => value));
    const last = page.at(-1)?.key;
    if (page.length < LIST_MAX || last === undefined) break;
    after = last;
  }
  return found;
}

/** One observer's doubt is enough to keep others; a node carries nothing only by the word of more than half of them. */
function judgedBy(verdicts: readonly Verdict[]): { doubted: ReadonlySet<string>; down: ReadonlySet<string> } {
  const isWell = ({ kind }: Verdict): boolean => kind === "healthy" || kind === "slow";
  const byNode = [...Map.groupBy(verdicts, ({ node }) => node as string)];
  return {
    doubted: new Set(byNode.flatMap(([node, all]) => (all.every(isWell) ? [] : [node]))),
    down: new Set(byNode.flatMap(([node, all]) => (2 * all.filter(isWell).length < all.length ? [node] : []))),
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
