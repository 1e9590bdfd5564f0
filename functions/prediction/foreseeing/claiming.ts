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
  let claim: Claim | undefined;
  await updateRecord(registry, "foresight", "all", (current) => {
    if (current !== null && (current.region === region || nowMs - current.beatAtMs < silentMsMax)) {
      const reason = `${current.region} looks ahead for the fleet`;
      claim = current.region === region ? { kind: "ours", foresight: current } : { kind: "elsewhere", reason };
      return { kind: "keep" as const };
    }
    const start: Foresight = {
      region,
      beatAtMs: nowMs,
      levels,
      declared: levels,
      levelsReason: "as the fleet file says: nothing was scored yet",
      recent: [],
    };
    const next = { ...(current ?? start), region, beatAtMs: nowMs };
    claim = { kind: "ours", foresight: next };
    return { kind: "write" as const, next };
  });
  if (claim === undefined) throw new Error("a claim is decided before it is written");
  return claim;
}

/** Only a look that has seen every node counts as one: a Region that cannot look is relieved like one that is lost. */
export async function sayLooked(
  { registry, region, clock }: World,
  moved: Pick<Foresight, "levels" | "declared" | "levelsReason"> | null,
): Promise<void> {
  await updateRecord(registry, "foresight", "all", (current) => {
    if (current === null || current.region !== region) return { kind: "keep" as const };
    return { kind: "write" as const, next: { ...current, ...moved, beatAtMs: clock.wallMs() } };
  });
}
