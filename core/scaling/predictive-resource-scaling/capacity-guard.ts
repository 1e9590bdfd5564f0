/**
 * Which nodes may be removed, so that those that stay are enough: a quorum of ready nodes, zones and archives. It refuses node
 * by node with its reason, and what it allows is safe to do in any order, since each was judged after those before it.
 */
export type GuardedNode = {
  readonly id: string;
  readonly role: string;
  readonly zone: string;
  readonly hasArchive: boolean;
  readonly isReady: boolean;
  /** It holds a lease or works on an incident, whatever its role is called. */
  readonly isHeld: boolean;
};

export type GuardRule = {
  /** Only nodes of these roles leave, such as `standby`. */
  readonly removableRoles: readonly string[];
  /** Ready nodes that must stay, of all roles. */
  readonly quorumNodes: number;
  /** Zones that must keep a ready node. */
  readonly zonesMin: number;
  /** Ready nodes with an archive that must stay, and the zones they must be in. */
  readonly archivesMin: number;
  readonly archiveZonesMin: number;
};

export type Removals = {
  readonly remove: readonly { readonly id: string; readonly reason: string }[];
  readonly keep: readonly { readonly id: string; readonly reason: string }[];
};

/** Up to `countMax` nodes: those that are not ready first, then from the fullest zone, archives last. */
export function chooseRemovals(nodes: readonly GuardedNode[], rule: GuardRule, countMax: number): Removals {
  let staying = [...nodes];
  const remove: { id: string; reason: string }[] = [];
  const refused = new Map<string, string>();
  for (;;) {
    const next = inOrder(staying).find(({ id }) => !refused.has(id));
    if (next === undefined) break;
    const because = remove.length >= countMax ? `no more than ${countMax} were asked for` : reasonToKeep(next, staying, rule);
    if (because !== null) {
      refused.set(next.id, because);
      continue;
    }
    staying = staying.filter(({ id }) => id !== next.id);
    remove.push({ id: next.id, reason: next.isReady ? `quorum, zones and archives hold without it` : "it is not ready, so nothing rests on it" });
  }
  return { remove, keep: [...refused].map(([id, reason]) => ({ id, reason })) };
}

/** Null where the node may go. What is broken already is not made worse, so a node that counts for it stays. */
function reasonToKeep(node: GuardedNode, nodes: readonly GuardedNode[], rule: GuardRule): string | null {
  if (!rule.removableRoles.includes(node.role)) return `its role is ${node.role}`;
  if (node.isHeld) return "it holds a lease or is being worked on";
  if (!node.isReady) return null;
  const left = nodes.filter(({ id, isReady }) => isReady && id !== node.id);
  if (left.length < rule.quorumNodes) return `${left.length} ready nodes would be left and a quorum is ${rule.quorumNodes}`;
  const zones = countZones(left);
  const without = nodes.filter(({ isReady }) => isReady);
  if (zones < rule.zonesMin && zones < countZones(without)) return `${zones} zones would be left and ${rule.zonesMin} must be`;
  if (!node.hasArchive) return null;
  const archives = left.filter(({ hasArchive }) => hasArchive);
  if (archives.length < rule.archivesMin) return `${archives.length} archives would be left and ${rule.archivesMin} must be`;
  const archiveZones = countZones(archives);
  if (archiveZones < rule.archiveZonesMin && archiveZones < countZones(without.filter(({ hasArchive }) => hasArchive))) {
    return `archives would be in ${archiveZones} zones and must be in ${rule.archiveZonesMin}`;
  }
  return null;
}

function countZones(nodes: readonly GuardedNode[]): number {
  return new Set(nodes.map(({ zone }) => zone)).size;
}

function inOrder(nodes: readonly GuardedNode[]): GuardedNode[] {
  const inZone = (zone: string): number => nodes.filter((node) => node.isReady && node.zone === zone).length;
  return nodes.toSorted(
    (left, right) =>
      Number(left.isReady) - Number(right.isReady) ||
      Number(left.hasArchive) - Number(right.hasArchive) ||
      inZone(right.zone) - inZone(left.zone) ||
      (left.id < right.id ? -1 : 1),
  );
}
