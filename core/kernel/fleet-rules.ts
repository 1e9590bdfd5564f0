/**
 * What must hold between the fields of a fleet file, once each field by itself is right. Pure; whoever reads the file adds
 * where it stands. A fault stops everything; what is only worth a person's minute is in fleet-warnings.ts.
 */
import { endpointFor } from "./endpoint.ts";
import type { Fleet, FleetNode, FleetRole } from "./fleet.ts";
import type { FleetFault } from "./fleet-fault.ts";
import { nearest } from "./nearest-name.ts";
import { predictionFaults } from "./prediction-rules.ts";
import { scalingFaults } from "./scaling-rules.ts";
import { RENEWALS_PER_LEASE } from "./settings.ts";
import { vaultFaults } from "./vault-rules.ts";

/** A renewal begins with a tick and is done by the next: two cadences in the worst case. */
const CADENCES_PER_RENEWAL = 2;
/** A grant reaches a lease ahead in slots; with fewer than two, the slot under way leaves none for the next. */
const SLOTS_PER_LEASE_MIN = 2;

export function fleetFaults(fleet: Fleet): FleetFault[] {
  return [
    ...uniqueFaults(fleet),
    ...regionFaults(fleet),
    ...fleet.nodes.flatMap((node, index) => nodeFaults(fleet, node, index)),
    ...fleet.roles.flatMap((role, index) => roleFaults(fleet, role, index)),
    ...vaultFaults(fleet),
    ...predictionFaults(fleet),
    ...scalingFaults(fleet),
  ];
}

/** A second use of what must be one node's own is nearly always a line that was copied and not changed. */
function uniqueFaults(fleet: Fleet): FleetFault[] {
  const of = (field: string, value: (node: FleetNode) => string | undefined) =>
    repeated(
      fleet.nodes.map(value),
      (index) => ["nodes", index, field],
      (first) => `one of its own; nodes.${first} has this one`,
    );
  return [
    ...of("id", (node) => node.id),
    ...of("agentKey", (node) => node.agentKey),
    ...of("signer", (node) => node.signer),
    ...of("rpc", (node) => JSON.stringify(node.rpc)),
    ...of("agent", (node) => JSON.stringify(node.agent)),
    ...repeated(
      fleet.roles.map((role) => role.name),
      (index) => ["roles", index, "name"],
      (first) => `one of its own; roles.${first} has this one`,
    ),
  ];
}

function repeated(
  values: readonly (string | undefined)[],
  path: (index: number) => (string | number)[],
  allowed: (first: number) => string,
): FleetFault[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    return value === undefined || first === index ? [] : [{ path: path(index), found: value, allowed: allowed(first) }];
  });
}

function regionFaults({ regions, nodes }: Fleet): FleetFault[] {
  const { home, observers, witness } = regions;
  const faults = repeated(
    observers,
    (index) => ["regions", "observers", index],
    () => "each Region once",
  );
  const observersNow = observers.join(", ");
  if (!observers.includes(home)) faults.push({ path: ["regions", "home"], found: home, allowed: `one of the observers: ${observersNow}` });
  if (observers.length === 2 && witness === undefined) {
    faults.push({
      path: ["regions"],
      found: "two observers and no witness",
      allowed: "a witness, the third Region of the strongly consistent registry",
    });
  }
  if (observers.length !== 2 && witness !== undefined) {
    faults.push({
      path: ["regions", "witness"],
      found: witness,
      allowed: `none with ${observers.length} observer${observers.length === 1 ? "" : "s"}: only two need a third Region`,
    });
  }
  if (witness !== undefined && observers.includes(witness)) {
    faults.push({ path: ["regions", "witness"], found: witness, allowed: "a Region that is no observer" });
  }
  for (const region of Object.keys(regions.networks ?? {})) {
    if (!observers.some((observer) => observer === region))
      faults.push({ path: ["regions", "networks", region], found: region, allowed: `observers: ${observersNow}` });
  }
  const zoneRegion = new Map<string, string>();
  nodes.forEach((node, index) => {
    const other = zoneRegion.get(node.zone) ?? node.region;
    zoneRegion.set(node.zone, other);
    if (other !== node.region)
      faults.push({
        path: ["nodes", index, "zone"],
        found: `${node.zone} in ${node.region}`,
        allowed: `a zone lies in one Region; this one is in ${other} above`,
      });
  });
  return faults;
}

function nodeFaults({ regions }: Fleet, node: FleetNode, index: number): FleetFault[] {
  const known: string[] = [...regions.observers, ...(regions.witness === undefined ? [] : [regions.witness])];
  const faults: FleetFault[] = [];
  if (!known.includes(node.region))
    faults.push({ path: ["nodes", index, "region"], found: node.region, allowed: `${known.join(", ")}${nearest(node.region, known)}` });
  for (const field of ["rpc", "agent"] as const) {
    const endpoint = node[field];
    for (const region of regions.observers) {
      if (endpointFor(endpoint, region) !== undefined) continue;
      faults.push({
        path: ["nodes", index, field],
        found: `no address for the observer ${region}`,
        allowed: `one URL for all, a "default", or one for each of ${regions.observers.join(", ")}`,
      });
    }
    if (typeof endpoint === "string") continue;
    const allowed = ["default", ...regions.observers];
    for (const name of Object.keys(endpoint)) {
      if (!allowed.includes(name))
        faults.push({ path: ["nodes", index, field, name], found: name, allowed: `${allowed.join(", ")}${nearest(name, allowed)}` });
    }
  }
  return faults;
}

function roleFaults(fleet: Fleet, role: FleetRole, index: number): FleetFault[] {
  const ids = fleet.nodes.map((node) => node.id as string);
  const at = (...rest: (string | number)[]) => ["roles", index, ...rest];
  const faults = repeated(
    role.members,
    (member) => at("members", member),
    () => "each member once",
  );
  role.members.forEach((member, position) => {
    if (!ids.includes(member))
      faults.push({ path: at("members", position), found: member, allowed: `the id of a node: ${listed(ids)}${nearest(member, ids)}` });
  });
  if (role.preferred !== undefined && !role.members.includes(role.preferred)) {
    faults.push({
      path: at("preferred"),
      found: role.preferred,
      allowed: `one of the role's members: ${listed(role.members)}${nearest(role.preferred, role.members)}`,
    });
  }
  const { cadenceMs } = fleet.policies.watch;
  const floorSeconds = Math.ceil((RENEWALS_PER_LEASE * CADENCES_PER_RENEWAL * cadenceMs) / 1_000);
  if (role.leaseSeconds < floorSeconds) {
    faults.push({
      path: at("leaseSeconds"),
      found: String(role.leaseSeconds),
      allowed: `${floorSeconds} or more: ${RENEWALS_PER_LEASE} renewals of ${CADENCES_PER_RENEWAL} cadences of ${cadenceMs} ms, so that two may fail`,
    });
  }
  const { slots } = fleet.chain;
  if (slots.kind === "time" && role.leaseSeconds < SLOTS_PER_LEASE_MIN * slots.seconds) {
    faults.push({
      path: at("leaseSeconds"),
      found: String(role.leaseSeconds),
      allowed: `${SLOTS_PER_LEASE_MIN * slots.seconds} or more: ${SLOTS_PER_LEASE_MIN} slots of ${slots.seconds} s`,
    });
  }
  return faults;
}

/** Names enough to see the pattern; a fleet may have 500. */
function listed(names: readonly string[]): string {
  return names.length <= 12 ? names.join(", ") : `${names.slice(0, 12).join(", ")} and ${names.length - 12} more`;
}
