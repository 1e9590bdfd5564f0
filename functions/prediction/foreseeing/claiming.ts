/**
 * One Region looks ahead for the fleet at a time, so that nothing is foretold twice and the budget is one. Whichever was silent for three
 * looks is relieved: a Region that is lost takes foresight with it for seconds, not for good.
 */
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { RegionName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Foresight } from "../../../core/kernel/prediction.ts";

const LOOKS_MISSED_MAX = 3;
/** However seldom it looks: a minute's run may begin late. */
const SILENT_MS_MIN = 10_000;

export type Claim = { readonly kind: "ours"; readonly foresight: Foresight } | { readonly kind: "elsewhere"; readonly reason: string };

export async function claimForesight({ registry, fleet, clock, ...world }: World): Promise<Claim> {
  const region = world.region as RegionName;
  const { everySeconds, levels } = fleet.policies.prediction;
  const nowMs = clock.wallMs();
  const silentMsMax = Math.max(SILENT_MS_MIN, LOOKS_MISSED_MAX * everySeconds * 1_000);
  const decision = await updateRecord(registry, "foresight", "all", (current) => {
    if (current !== null && current.region !== region && nowMs - current.beatAtMs < silentMsMax)
      return { kind: "keep" as const, reason: `${current.region} looks ahead for the fleet` };
    const start: Foresight = { region, beatAtMs: nowMs, levels, levelsReason: "as the fleet file says: nothing was scored yet", recent: [] };
    return { kind: "write" as const, next: { ...(current ?? start), region, beatAtMs: nowMs } };
  });
  return decision.kind === "keep" ? { kind: "elsewhere", reason: decision.reason } : { kind: "ours", foresight: decision.next };
}
