/**
 * Everything that an election and an admission want to know of a role, read and probed at once: lease, verdicts,
 * standings, each member's head as it answers now, and whether its agent can be asked. A node that is condemned already
 * is not waited for.
 */
import { contradiction } from "../../../core/failover/stateful-failover/contradiction.ts";
import type { Candidate } from "../../../core/failover/stateful-failover/election.ts";
import type { AgentRole } from "../../../core/kernel/agent-protocol.ts";
import type { FleetNode, FleetRole } from "../../../core/kernel/fleet.ts";
import type { NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import { CONDEMNING } from "../../../core/kernel/node.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { askReport, faultText } from "../../orders.ts";
import { nodeOf } from "./step.ts";
import { verdictsOn } from "./verdicts.ts";

/** A node fit for a role answers in a fraction of this; a failover does not wait for the others. */
const LOOK_MS = 700;
/** One a node, of 500 at most: the registry's limit for a listing. */
const STANDINGS_MAX = 1_000;

export type Look = {
  readonly lease: Lease | null;
  /** Why the lease is not to be trusted: it is missing, or was put back from a backup. Null where it is. */
  readonly distrust: string | null;
  readonly candidates: readonly Candidate[];
  readonly finalizedHeight: number;
  readonly outCount: number;
  /** Why the holder cannot hand over by itself; null where it can. */
  readonly holderFault: string | null;
};

export async function lookAtRole(world: World, role: FleetRole, condemned: NodeId | null): Promise<Look> {
  const { registry } = world;
  const [found, standingList, seen] = await Promise.all([
    registry.read("lease", role.name),
    registry.list("standing", { limit: STANDINGS_MAX }),
    Promise.all(role.members.map((id) => lookAtMember(world, nodeOf(world, id), role.name, id === condemned))),
  ]);
  const standings = standingList.map(({ value }) => value);
  const standingOf = (id: string) => standings.find(({ node }) => node === id)?.standing ?? "member";
  const candidates = seen.map(({ candidate }) => ({ ...candidate, standing: standingOf(candidate.node.id) }));
  const { lease, distrust } = await weigh(world, role, found.kind === "found" ? found.value : null, seen);
  const out = new Set([...standings.filter(({ standing }) => standing === "out").map(({ node }) => node), ...(condemned ? [condemned] : [])]);
  return {
    lease,
    distrust,
    candidates,
    finalizedHeight: secondHighest(seen.flatMap(({ finalized }) => (finalized === null ? [] : [finalized]))),
    outCount: out.size,
    holderFault: lease
      ? holderFaultOf(
          candidates.find(({ node }) => node.id === lease.holder),
          condemned,
        )
      : null,
  };
}

type Seen = { readonly candidate: Omit<Candidate, "standing">; readonly finalized: number | null; readonly word: AgentRole | null };

/** The lease, and why it cannot be trusted. Agents were heard while it was read: before their words weigh against it, it is read again. */
async function weigh(world: World, role: FleetRole, first: Lease | null, told: readonly Seen[]): Promise<Pick<Look, "lease" | "distrust">> {
  const { registry } = world;
  const against = (lease: Lease): string | null => {
    const sentences = told.map(({ candidate, word }) => ({ node: candidate.node.id, says: word && contradiction(lease, word) }));
    const found = sentences.find(({ says }) => says !== null);
    return found ? `${found.node}'s agent ${found.says}` : null;
  };
  const distrusted = (lease: Lease | null): string | null => {
    if (lease === null) return "it has no lease";
    return lease.registry === registry.name ? against(lease) : `its lease was written in ${lease.registry}`;
  };
  if (distrusted(first) === null) return { lease: first, distrust: null };
  const again = await registry.read("lease", role.name);
  const lease = again.kind === "found" ? again.value : null;
  return { lease, distrust: distrusted(lease) };
}

async function lookAtMember(world: World, node: FleetNode, role: RoleName, condemned: boolean): Promise<Seen> {
  const listed = verdictsOn(world.registry, node.id);
  const asked = condemned
    ? null
    : await Promise.all([world.nodes.probe(node, { referenceHeight: null, timeoutMs: LOOK_MS }), askReport(world, node, LOOK_MS)]);
  /** A Region that observes no more has no word either: its last one would stand for ever. */
  const observers = new Set<string>(world.fleet.regions.observers);
  const verdicts = (await listed).filter(({ observer }) => observers.has(observer));
  if (asked === null) {
    const agentFault = "it was not asked, since its node is condemned";
    return { candidate: { node, verdicts, head: null, agentFault }, finalized: null, word: null };
  }
  const [probe, report] = asked;
  const answered = probe.kind === "answered" ? probe : null;
  return {
    candidate: { node, verdicts, head: answered?.head.height ?? null, agentFault: report.kind === "answered" ? null : faultText(report) },
    finalized: answered?.finalized?.height ?? null,
    word: report.kind === "answered" ? (report.report.roles.find((one) => one.role === role) ?? null) : null,
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
