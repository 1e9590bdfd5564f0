/** What must hold between a group's fields, between groups, and between them and the rest of the fleet file. */
import type { Fleet } from "./fleet.ts";
import type { FleetFault } from "./fleet-fault.ts";
import { nearest } from "./nearest-name.ts";
import type { ScalingGroup } from "./scaling-policy.ts";

/** The fleet file's own limits (core/kernel/fleet.ts). */
const NODES_MAX = 500;
const MEMBERS_MAX = 64;
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

export function scalingFaults(fleet: Fleet): FleetFault[] {
  const groups = fleet.scaling?.groups ?? [];
  return [...oneEachFaults(groups), ...groups.flatMap((group, index) => groupFaults(fleet, group, index)), ...nodesFaults(fleet, groups)];
}

/** The group of this name; undefined where the fleet file has none. */
export function scalingGroup({ scaling }: Pick<Fleet, "scaling">, name: string): ScalingGroup | undefined {
  return scaling?.groups.find((group) => group.name === name);
}

/** Two groups that share a name, a demand or an actuator would each undo what the other did. */
function oneEachFaults(groups: readonly ScalingGroup[]): FleetFault[] {
  const of = (field: string, found: (group: ScalingGroup) => string, why: string): FleetFault[] =>
    groups.flatMap((group, index) => {
      const first = groups.findIndex((other) => found(other) === found(group));
      return first === index
        ? []
        : [{ path: ["scaling", "groups", index, field], found: found(group), allowed: `${why}; scaling.groups.${first} has this one` }];
    });
  return [
    ...of("name", ({ name }) => name, "one of its own"),
    ...of("serves", ({ serves }) => (serves.kind === "role" ? `the role ${serves.role}` : `the purpose ${serves.purpose}`), "one group for each"),
    ...of("actuator", ({ actuator }) => actuatorName(actuator), "one group for each, since two would undo each other's orders"),
    ...prefixFaults(groups),
  ];
}

export function actuatorName(actuator: ScalingGroup["actuator"]): string {
  if (actuator.kind === "asg") return `the Auto Scaling group ${actuator.name} in ${actuator.region}`;
  if (actuator.kind === "ecs") return `the ECS service ${actuator.cluster}/${actuator.service} in ${actuator.region}`;
  return `the webhook ${actuator.url}`;
}

function prefixFaults(groups: readonly ScalingGroup[]): FleetFault[] {
  return groups.flatMap(({ joins: { idPrefix } }, index) => {
    const other = groups.findIndex(({ joins }, at) => at < index && (joins.idPrefix.startsWith(idPrefix) || idPrefix.startsWith(joins.idPrefix)));
    const allowed = `a prefix that is no other's beginning, so that a node's id names its group; scaling.groups.${other} has this one's`;
    return other === -1 ? [] : [{ path: ["scaling", "groups", index, "joins", "idPrefix"], found: idPrefix, allowed }];
  });
}

function groupFaults(fleet: Fleet, group: ScalingGroup, index: number): FleetFault[] {
  const { min, max, joins } = group;
  const at = (...rest: (string | number)[]) => ["scaling", "groups", index, ...rest];
  const faults: FleetFault[] = [];
  const say = (path: (string | number)[], found: string, allowed: string): void => void faults.push({ path, found, allowed });
  if (min > max) say(at("min"), String(min), `at most ${max}, the group's max`);
  if (joins.max < max) say(at("joins", "max"), String(joins.max), `${max} or more, the group's max: else units are started that may not join`);
  const declared = fleet.nodes.find(({ id }) => id.startsWith(joins.idPrefix));
  if (declared !== undefined)
    say(at("joins", "idPrefix"), joins.idPrefix, `a prefix that no node of the fleet file has; ${declared.id} begins with this one`);
  return [...faults, ...roleFaults(fleet, group, at), ...placeFaults(fleet, group, at), ...actuatorFaults(fleet, group, at)];
}

type At = (...rest: (string | number)[]) => (string | number)[];

function roleFaults({ roles }: Fleet, { serves, joins }: ScalingGroup, at: At): FleetFault[] {
  if (serves.kind !== "role") return [];
  const names = roles.map(({ name }) => name as string);
  const role = roles.find(({ name }) => name === serves.role);
  if (role === undefined)
    return [{ path: at("serves", "role"), found: serves.role, allowed: `a role: ${names.join(", ")}${nearest(serves.role, names)}` }];
  const room = MEMBERS_MAX - role.members.length;
  return joins.max <= room
    ? []
    : [
        {
          path: at("joins", "max"),
          found: String(joins.max),
          allowed: `${room} at most: ${serves.role} has ${role.members.length} of ${MEMBERS_MAX}`,
        },
      ];
}

function placeFaults({ regions, nodes }: Fleet, { joins }: ScalingGroup, at: At): FleetFault[] {
  const known: string[] = [...regions.observers, ...(regions.witness === undefined ? [] : [regions.witness])];
  const twice = (field: "regions" | "zones"): FleetFault[] =>
    joins[field].flatMap((name, index) =>
      joins[field].indexOf(name as never) === index
        ? []
        : [{ path: at("joins", field, index), found: name, allowed: `each ${field.slice(0, -1)} once` }],
    );
  const strange = joins.regions.flatMap((region, index) =>
    known.includes(region) ? [] : [{ path: at("joins", "regions", index), found: region, allowed: `${known.join(", ")}${nearest(region, known)}` }],
  );
  const elsewhere = joins.zones.flatMap((zone, index) => {
    const region = nodes.find((node) => node.zone === zone)?.region;
    return region === undefined || joins.regions.includes(region)
      ? []
      : [{ path: at("joins", "zones", index), found: `${zone}, which is in ${region}`, allowed: `zones of ${joins.regions.join(", ")}` }];
  });
  return [...twice("regions"), ...twice("zones"), ...strange, ...elsewhere];
}

function actuatorFaults({ regions }: Fleet, { actuator, demand, joins }: ScalingGroup, at: At): FleetFault[] {
  const faults: FleetFault[] = [];
  if (actuator.kind !== "webhook" && !joins.regions.includes(actuator.region))
    faults.push({ path: at("actuator", "region"), found: actuator.region, allowed: `where its units may join: ${joins.regions.join(", ")}` });
  if (actuator.kind === "webhook") {
    const { protocol, hostname } = new URL(actuator.url);
    if (protocol === "http:" && !LOOPBACK.has(hostname))
      faults.push({ path: at("actuator", "url"), found: actuator.url, allowed: "https, except on this host" });
  }
  if (demand.kind === "cloudwatch" && !regions.observers.includes(demand.region))
    faults.push({ path: at("demand", "region"), found: demand.region, allowed: `one of the observers: ${regions.observers.join(", ")}` });
  return faults;
}

function nodesFaults({ nodes }: Fleet, groups: readonly ScalingGroup[]): FleetFault[] {
  const joining = groups.reduce((sum, { joins }) => sum + joins.max, 0);
  return nodes.length + joining <= NODES_MAX
    ? []
    : [
        {
          path: ["scaling", "groups"],
          found: `${joining} nodes that may join ${nodes.length}`,
          allowed: `${NODES_MAX} together, as many as a fleet may have`,
        },
      ];
}
