/**
 * A group's cell is owned by one execution at a time, and in one Region as long as that one is heard of: of two starts at once one goes on
 * and the other finds that it is stale. Every step looks whether the cell is still its own before it orders anything.
 */
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import { FleetMismatch, RunStale } from "../../core/kernel/errors.ts";
import type { RegionName } from "../../core/kernel/ids.ts";
import type { World } from "../../core/kernel/ports.ts";
import type { ScalingCell } from "../../core/kernel/scaling.ts";
import type { ScalingGroup } from "../../core/kernel/scaling-policy.ts";
import { scalingGroup } from "../../core/kernel/scaling-rules.ts";
import { EMPTY_TALLY } from "../../core/scaling/predictive-resource-scaling/capacity-tally.ts";
import type { ScaleInput } from "./round.ts";

/** A step's own time and its retries: beyond it another execution may take the cell over. */
const OWNER_MS = 180_000;
/** Three starts of the minute's schedule. */
const REGION_SILENT_MS = 180_000;

export function groupOf({ fleet }: World, name: string): ScalingGroup {
  const group = scalingGroup(fleet, name);
  if (group !== undefined) return group;
  throw new FleetMismatch({ what: "the group", found: name, allowed: (fleet.scaling?.groups ?? []).map((each) => each.name as string) });
}

/** The clock's next execution waits so long for the one before, which may be late by its last look. */
const TURN_SECONDS_MAX = 60;

/**
 * Takes or keeps the cell; null where the clock started this execution while the one before is still at it, and it may wait for its turn.
 * Throws `RunStale` where another execution owns it for longer, or another Region decides.
 */
export async function takeCell({ registry, clock, ...world }: World, input: ScaleInput): Promise<ScalingCell | null> {
  const { group, execution, trigger, waitedSeconds } = input;
  const region = world.region as RegionName;
  const taken = await updateRecord(registry, "scalingCell", group, (current) => {
    const nowMs = clock.wallMs();
    const owned = { region, beatAtMs: nowMs, owner: execution, ownerDeadlineMs: nowMs + OWNER_MS };
    if (current === null) return { kind: "write" as const, next: { ...newCell(group, region), ...owned, ownerSinceMs: nowMs } };
    const found = whyNotOurs(current, execution, region, nowMs);
    const mayWait = trigger === "schedule" && waitedSeconds < TURN_SECONDS_MAX && current.region === region;
    if (found !== null && mayWait) return { kind: "keep" as const };
    if (found !== null) throw new RunStale({ what: `the capacity of ${group}`, run: execution, found });
    const ownerSinceMs = current.owner === execution ? current.ownerSinceMs : nowMs;
    return { kind: "write" as const, next: { ...current, ...owned, ownerSinceMs } };
  });
  return taken.kind === "keep" ? null : taken.next;
}

function whyNotOurs(cell: ScalingCell, execution: string, region: string, nowMs: number): string | null {
  if (cell.owner === execution) return null;
  if (cell.owner !== null && cell.ownerDeadlineMs > nowMs) return `${cell.owner} is at it`;
  return cell.region !== region && nowMs - cell.beatAtMs < REGION_SILENT_MS ? `${cell.region} decides on it` : null;
}

/** Changes the cell as long as it is this execution's. Throws `RunStale` where it is not. */
export async function changeCell({ registry, clock }: World, { group, execution }: ScaleInput, change: (cell: ScalingCell) => ScalingCell) {
  const changed = await updateRecord(registry, "scalingCell", group, (current) => {
    if (current?.owner !== execution) {
      throw new RunStale({ what: `the capacity of ${group}`, run: execution, found: current?.owner ?? "nobody" });
    }
    const nowMs = clock.wallMs();
    return { kind: "write" as const, next: { ...change(current), beatAtMs: nowMs, ownerDeadlineMs: nowMs + OWNER_MS } };
  });
  return changed.next;
}

function newCell(group: ScaleInput["group"], region: RegionName): ScalingCell {
  const times = { beatAtMs: 0, ownerSinceMs: 0, ownerDeadlineMs: 0, decidedAtMs: null, lastOutMs: null, lastInMs: null };
  const lists = { units: [], declaredReady: 0, starting: [], starts: [] };
  const nothing = { owner: null, approved: null, latest: null, journalled: null, trust: null, countedMinute: null };
  return { group, region, ...times, ...lists, ...nothing, leadMinutes: 1, leadReason: "nothing was decided yet", tally: EMPTY_TALLY };
}
