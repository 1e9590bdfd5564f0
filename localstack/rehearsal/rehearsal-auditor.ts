/** The auditor of a whole rehearsal, and the lease as it is: both read the registry directly, whatever is cut. */
import type { Lease } from "../../core/kernel/lease.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { type Auditor, openAuditor } from "../auditor/auditor.ts";
import { type Rehearsal, ROLE } from "./open-rehearsal.ts";

/** `incidentsMax`: how many of the newest incidents are held to the law that each ends; at most 1,000. */
export function auditRehearsal({ registry, network }: Rehearsal, incidentsMax: number): Auditor {
  return openAuditor({
    nodes: network.nodes,
    genesisTime: network.genesisTime,
    readLease: async () => {
      const found = await registry.read("lease", ROLE);
      return found.kind === "found" ? found.value : null;
    },
    readIncidents: async () => (await registry.list("incident", { limit: incidentsMax, newestFirst: true })).map(({ value }) => value),
  });
}

/** Throws where the role has none: after a rehearsal was opened there is one. */
export async function leaseNow(registry: Registry): Promise<Lease> {
  const found = await registry.read("lease", ROLE);
  if (found.kind === "absent") throw new Error(`the registry has no lease for ${ROLE}`);
  return found.value;
}
