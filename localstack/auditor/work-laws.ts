/** What must hold of traded work at every instant, judged from what lies on the hosts' disks. Pure, and without a word of the trading's own. */
import type { SeenWork } from "./see-work.ts";

export const WORK_LAWS = {
  "one-server": "each item is served by at most one node",
  "one-owner": "each item is on exactly one desk, or in one hand-over that was not taken",
  "own-work": "a node serves nothing but what is on its desk",
} as const;
export type WorkViolation = { readonly law: keyof typeof WORK_LAWS; readonly text: string };

/** `ids`: every item that exists. */
export function auditWork(seen: SeenWork, ids: readonly string[]): WorkViolation[] {
  const violations: WorkViolation[] = [];
  for (const id of ids) {
    const servers = seen.filter(({ servedIds }) => servedIds.includes(id)).map(({ node }) => node);
    if (servers.length > 1) violations.push({ law: "one-server", text: `${id} is served by ${servers.join(" and ")}` });
    const owners = ownersOf(seen, id);
    if (owners.length !== 1) violations.push({ law: "one-owner", text: `${id} belongs to ${owners.join(" and ") || "nobody"}` });
  }
  for (const { node, desk, servedIds } of seen)
    for (const id of servedIds)
      if (!desk.work.some((item) => item.id === id)) violations.push({ law: "own-work", text: `${node} serves ${id}, which is not on its desk` });
  return violations;
}

function ownersOf(seen: SeenWork, id: string): string[] {
  return seen.flatMap(({ node, desk: { work, giving } }) => {
    const here = work.some((item) => item.id === id) ? [node] : [];
    if (giving === null || !giving.items.some((item) => item.id === id) || isTaken(seen, node, giving)) return here;
    return [...here, `${node}, which gives it to ${giving.to}`];
  });
}

function isTaken(seen: SeenWork, giver: string, { to, sequence }: { to: string; sequence: number }): boolean {
  const answer = seen.find(({ node }) => node === to)?.desk.answered[giver as never];
  return answer?.sequence === sequence && answer.outcome === "taken";
}
