/** What a fleet file may have and a person should look at once: a warning stops nothing. Pure; whoever reads the file adds where it stands. */
import type { Fleet } from "./fleet.ts";
import type { FleetFault } from "./fleet-fault.ts";

export function fleetWarnings(fleet: Fleet): FleetFault[] {
  const signerless = fleet.nodes.flatMap((node, index) =>
    node.signer === undefined && fleet.roles.some((role) => role.members.includes(node.id))
      ? [
          {
            path: ["nodes", index],
            found: `${node.id} without a signer`,
            allowed: "the address that its blocks name, or nobody can see whether it signs",
          },
        ]
      : [],
  );
  const zoneOf = new Map(fleet.nodes.map((node) => [node.id, node.zone]));
  const crowded = fleet.roles.flatMap((role, index) => {
    const zones = new Set(role.members.map((member) => zoneOf.get(member)));
    return zones.size > 1
      ? []
      : [
          {
            path: ["roles", index, "members"],
            found: `all in zone ${[...zones].join()}`,
            allowed: "two zones or more, since one zone's loss would take the whole role",
          },
        ];
  });
  return [...signerless, ...crowded];
}
