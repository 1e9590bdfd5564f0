/** How many members of a role could take it: well by every observer's word, members of good standing, and not foretold to fail themselves. */
import type { NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";

const LIST_MAX = 1_000;

export async function standbysOf({ registry, fleet }: World, role: RoleName, leaving: NodeId): Promise<number> {
  const [verdicts, standings, foreseen] = await Promise.all([
    registry.list("verdict", { limit: LIST_MAX }),
    registry.list("standing", { limit: LIST_MAX }),
    registry.list("foreseen", { limit: LIST_MAX }),
  ]);
  const ill = new Set<string>([leaving]);
  for (const { value } of verdicts) if (value.kind !== "healthy") ill.add(value.node);
  for (const { value } of standings) if (value.standing !== "member") ill.add(value.node);
  for (const { value } of foreseen) if (value.latest.level !== "calm") ill.add(value.node);
  const members = fleet.roles.find(({ name }) => name === role)?.members ?? [];
  return members.filter((member) => !ill.has(member)).length;
}
