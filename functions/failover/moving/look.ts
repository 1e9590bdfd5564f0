/**
 * Everything that an election and an admission want to know of a role, read and probed at once: lease, verdicts,
 * standings, each member's head as it answers now, and whether its agent can be asked. A node that is condemned already
 * is not waited for.
 */
import type { Candidate } from "../../../core/failover/stateful-failover/election.ts";
import type { FleetNode, FleetRole } from "../../../core/kernel/fleet.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import { CONDEMNING, type Verdict } from "../../../core/kernel/node.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Standing } from "../../../core/kernel/records.ts";
import { askReport, faultText } from "./orders.ts";
import { nodeOf } from "./step.ts";

/** A node fit for a role answers in a fraction of this; a failover does not wait for the others. */
const LOOK_MS = 700;
/** A verdict per node and observer: the fleet file's limits, 500 nodes, three observers, in pages of the registry's limit. */
const VERDICTS_MAX = 1_000;

export type Look = {
  readonly lease: Lease | null;
  /** False for a lease that is missing or was written in another table: restored from a backup, perhaps. */
  readonly trusted: boolean;
  readonly candidates: readonly Candidate[];
  readonly finalizedHeight: number;
  readonly outCount: number;
  /** Why the holder cannot hand over by itself; null where it can. */
  readonly holderFault: string | null;
};

export async function lookAtRole(world: World, role: FleetRole, condemned: NodeId | null): Promise<Look> {
  const { registry } = world;
  const [found, verdictList, standingList] = await Promise.all([
    registry.read("lease", role.name),
    registry.list("verdict", { limit: VERDICTS_MAX }),
    registry.list("standing", { limit: VERDICTS_MAX }),
  ]);
  const lease = found.kind === "found" ? found.value : null;
  const verdicts = verdictList.map(({ value }) => value);
  const standings = standingList.map(({ value }) => value);
  const seen = await Promise.all(role.members.map((id) => lookAtMember(world, nodeOf(world, id), id === condemned, { verdicts, standings })));
  const out = new Set([...standings.filter(({ standing }) => standing === "out").map(({ node }) => node), ...(condemned ? [condemned] : [])]);
  return {
    lease,
    trusted: lease !== null && lease.registry === registry.name,
    candidates: seen.map(({ candidate }) => candidate),
    finalizedHeight: secondHighest(seen.flatMap(({ finalized }) => (finalized === null ? [] : [finalized]))),
    outCount: out.size,
    holderFault: lease ? holderFaultOf(seen.find(({ candidate }) => candidate.node.id === lease.holder)?.candidate, condemned) : null,
  };
}

async function lookAtMember(world: World, node: FleetNode, condemned: boolean, known: { verdicts: Verdict[]; standings: Standing[] }) {
  const verdicts = known.verdicts.filter((verdict) => verdict.node === node.id);
  const standing = known.standings.find((one) => one.node === node.id)?.standing ?? "member";
  const unseen = {
    candidate: { node, standing, verdicts, head: null, agentFault: "it was not asked, since its node is condemned" },
    finalized: null,
  };
  if (condemned) return unseen;
  const [probe, report] = await Promise.all([
    world.nodes.probe(node, { referenceHeight: null, timeoutMs: LOOK_MS }),
    askReport(world, node, LOOK_MS),
  ]);
  const answered = probe.kind === "answered" ? probe : null;
  return {
    candidate: {
      node,
      standing,
      verdicts,
      head: answered?.head.height ?? null,
      agentFault: report.kind === "answered" ? null : faultText(report),
    },
    finalized: answered?.finalized?.height ?? null,
  };
}

function holderFaultOf(holder: Candidate | undefined, condemned: NodeId | null): string | null {
  if (!holder) return "it is no member of the role any more";
  if (holder.node.id === condemned) return "a quorum has condemned it";
  if (holder.head === null) return "its node does not answer";
  if (holder.agentFault !== null) return `its agent cannot be asked: ${holder.agentFault}`;
  const down = holder.verdicts.filter(({ kind, confirmed }) => confirmed && CONDEMNING.has(kind));
  return down.length > 0 && down.length === holder.verdicts.length ? `every observer finds it ${down[0]?.kind}` : null;
}

/** One node alone that names a finalized height far ahead must not rule out all others. */
function secondHighest(heights: readonly number[]): number {
  const sorted = heights.toSorted((a, b) => b - a);
  return sorted[1] ?? sorted[0] ?? 0;
}
