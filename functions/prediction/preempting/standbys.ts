/** How many members of a role could take it: well by every observer's word, members of good standing, and not foretold to fail themselves. */
import type { NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";

const LIST_MAX = 1_000;
/** A verdict is written when it changes and each minute; the word of a Region that is lost says nothing of now. */
const VERDICT_MS = 180_000;

export async function standbysOf({ registry, fleet, clock }: World, role: RoleName, leaving: NodeId): Promise<number> {
  const [verdicts, standings, foreseen] = await Promise.all([
    registry.list("verdict", { limit: LIST_MAX }),
    registry.list("standing", { limit: LIST_MAX }),
    registry.list("foreseen", { limit: LIST_MAX }),
  ]);
  const ill = new Set<string>([leaving]);
  const nowMs = clock.wallMs();
  const seen = new Set<string>();
  for (const { value } of verdicts) {
    if (nowMs - value.atMs >= VERDICT_MS) continue;
    seen.add(value.node);
    if (value.kind !== "healthy") ill.add(value.node);
  }
  for (const { value } of standings) if (value.standing !== "member") ill.add(value.node);
  for (const { value } of foreseen) if (value.latest.level !== "calm") ill.add(value.node);
  const members = fleet.roles.find(({ name }) => name === role)?.members ?? [];
  return members.filter((member) => seen.has(member) && !ill.has(member)).length;
}
