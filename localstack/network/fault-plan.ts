/** From what somebody asked for to the steps of a fault, or to a sentence that says what there is instead. Pure. */
import type { FaultStep, Topology } from "./fault-steps.ts";
import { FAULTS, type Fault } from "./faults.ts";

/** What people type first. */
const ALIASES: Readonly<Record<string, string>> = { kill: "kill-node", restart: "restart-host", partition: "isolate" };
/** Below, nobody could foresee it; above, a node forgets what it was made to keep (see memory-leak.ts). */
export const SECONDS = { min: 5, max: 240 } as const;

export type FaultPlan =
  | { readonly kind: "planned"; readonly name: string; readonly fault: Fault; readonly steps: readonly FaultStep[] }
  | { readonly kind: "refused"; readonly reason: string };

/** `seconds` is for a fault that takes its time, and may be left out there. */
export function planFault(asked: string, target: string | undefined, topology: Topology, seconds?: number): FaultPlan {
  const name = ALIASES[asked] ?? asked;
  const fault = Object.hasOwn(FAULTS, name) ? FAULTS[name] : undefined;
  if (fault === undefined) return refused(`there is no fault "${asked}"; there are ${Object.keys(FAULTS).join(", ")}`);
  if (seconds !== undefined && fault.seconds === undefined) return refused(`${name} takes effect at once, and no seconds`);
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= SECONDS.min && seconds <= SECONDS.max))
    return refused(`${name} takes ${SECONDS.min} to ${SECONDS.max} whole seconds, not ${seconds}`);
  const overMs = (seconds ?? fault.seconds ?? 0) * 1_000;
  const allowed: readonly string[] = { node: topology.nodes, region: topology.regions, none: [] }[fault.target];
  if (fault.target === "none") return { kind: "planned", name, fault, steps: fault.steps("", topology, overMs) };
  if (target === undefined || !allowed.includes(target))
    return refused(`${name} needs a ${fault.target}, one of ${allowed.join(", ")}${target === undefined ? "" : `, not "${target}"`}`);
  return { kind: "planned", name, fault, steps: fault.steps(target, topology, overMs) };
}

const refused = (reason: string): FaultPlan => ({ kind: "refused", reason });
