/** What must hold of the metrics that a fleet file names, which no field says by itself. */
import type { Fleet } from "./fleet.ts";
import type { FleetFault } from "./fleet-fault.ts";
import { nearest } from "./nearest-name.ts";
import { SIGNALS } from "./signals.ts";

export function predictionFaults({ policies, nodes }: Fleet): FleetFault[] {
  const ids = nodes.map(({ id }) => id as string);
  const vitals: readonly string[] = SIGNALS;
  const taken = new Map<string, number>();
  return policies.prediction.metrics.flatMap(({ node, signal }, index) => {
    const at = (field: string) => ["policies", "prediction", "metrics", index, field];
    const faults: FleetFault[] = [];
    if (!ids.includes(node)) faults.push({ path: at("node"), found: node, allowed: `the id of a node${nearest(node, ids)}` });
    if (vitals.includes(signal))
      faults.push({
        path: at("signal"),
        found: signal,
        allowed: `a name of its own: ${signal} is among the vitals, which are ${SIGNALS.join(", ")}`,
      });
    const first = taken.get(`${node}/${signal}`);
    if (first !== undefined) faults.push({ path: at("signal"), found: signal, allowed: `one of its own for ${node}; metrics.${first} has this one` });
    taken.set(`${node}/${signal}`, first ?? index);
    return faults;
  });
}
