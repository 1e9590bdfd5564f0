/**
 * Whether a unit that is starting may serve: its node is on our chain, has the block that the fleet calls final, and is hardly behind the
 * fleet's head. A node that nobody can ask is never taken for one that has caught up.
 */
import type { Verdict } from "../../kernel/capacity.ts";
import type { Probe } from "../../kernel/node.ts";

export type ReadinessFacts = {
  /** Null where nobody says at which address its node answers. */
  readonly probe: Probe | null;
  readonly chainId: number;
  readonly genesisHash: string;
  /** The highest head and the final block of the fleet's own nodes; null where none of them answers. */
  readonly fleet: { readonly head: number; readonly final: { readonly height: number; readonly hash: string } | null } | null;
  readonly lagBlocksMax: number;
  readonly sinceMs: number;
  readonly nowMs: number;
  /** After this it is given up. */
  readonly waitMsMax: number;
};

export type Readiness = { readonly verdict: Verdict; readonly reason: string };

export function judgeReadiness(facts: ReadinessFacts): Readiness {
  const missing = whatIsMissing(facts);
  if (missing === null) return { verdict: "serves", reason: "it is on our chain, has its final block and is at its head" };
  const waitedMs = facts.nowMs - facts.sinceMs;
  /** While the fleet itself cannot be asked, its fault is not the unit's. */
  if (facts.fleet === null || waitedMs <= facts.waitMsMax) return { verdict: "waits", reason: missing };
  return { verdict: "abandoned", reason: `after ${Math.round(waitedMs / 1_000)} s still: ${missing}` };
}

function whatIsMissing({ probe, chainId, genesisHash, fleet, lagBlocksMax }: ReadinessFacts): string | null {
  if (fleet === null) return "no node of the fleet answers, so there is nothing to compare it with";
  if (probe === null) return "neither its actuator nor the registry says where its node answers";
  if (probe.kind !== "answered") return `its node gives no answer (${probe.kind}): ${probe.reason}`;
  if (probe.chainId !== chainId || probe.genesisHash !== genesisHash) return "its node is on another chain";
  const lag = fleet.head - probe.head.height;
  if (lag > lagBlocksMax) return `its node is ${lag} blocks behind, and ${lagBlocksMax} are allowed`;
  if (fleet.final === null) return null;
  if (probe.reference === null || probe.reference.height !== fleet.final.height)
    return `its node does not have block ${fleet.final.height}, which is final`;
  return probe.reference.hash === fleet.final.hash ? null : `its node has another block ${fleet.final.height} than the fleet, which calls it final`;
}
