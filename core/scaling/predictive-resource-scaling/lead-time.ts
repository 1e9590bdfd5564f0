/**
 * How many minutes ahead a group's forecast looks: as long as a unit takes from its order to serving, as restore drills and the group's own
 * starts have measured it, and the wait for the next decision. In few steps, and shorter only when far shorter is enough, since what a
 * forecast has learned is for one lead alone.
 */
import { LEAD_MINUTES_MAX } from "./capacity-forecaster.ts";
import { horizonOf, type MeasuredDrill } from "./forecast-horizon.ts";

export type LeadFacts = {
  readonly drills: readonly MeasuredDrill[];
  /** The group's own units, from start to serving. */
  readonly starts: readonly MeasuredDrill[];
  readonly decisionMs: number;
  /** The fleet file's word, which counts until something was measured. */
  readonly defaultMs: number;
  /** What the forecast looks ahead now; null for a new one. */
  readonly current: number | null;
};

export type Lead = { readonly minutes: number; readonly reason: string };

const STEPS_MINUTES = [1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, LEAD_MINUTES_MAX] as const;
const MINUTE_MS = 60_000;

export function leadOf({ drills, starts, decisionMs, defaultMs, current }: LeadFacts): Lead {
  const order = { cadenceMs: MINUTE_MS, decisionMs, askedMs: null };
  const byDrills = horizonOf(drills, { ...order, defaultMs: starts.length === 0 ? defaultMs : null });
  const byStarts = horizonOf(starts, { ...order, defaultMs: drills.length === 0 ? defaultMs : null });
  const found = [byDrills, byStarts].filter((each) => each.kind !== "refused").toSorted((one, other) => other.horizonMs - one.horizonMs)[0];
  if (found === undefined) throw new RangeError("a lead needs a default while nothing was measured");
  const needed = found.horizonSteps;
  const minutes = STEPS_MINUTES.find((step) => step >= needed) ?? LEAD_MINUTES_MAX;
  const measured = found === byStarts && starts.length > 0 ? found.reason.replace("drills", "starts here") : found.reason;
  const reason = needed > LEAD_MINUTES_MAX ? `${measured}; a forecast looks ${LEAD_MINUTES_MAX} minutes ahead at most` : measured;
  const stays = current !== null && needed <= current && minutes * 2 > current;
  return { minutes: stays ? current : minutes, reason };
}
