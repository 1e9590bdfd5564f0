/** The group's forecaster between two runs: read, taught the minutes that are over, and written again where it learned something. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { GroupName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { ScalingCell } from "../../../core/kernel/scaling.ts";
import type { ScalingGroup } from "../../../core/kernel/scaling-policy.ts";
import type { MeasuredDemand } from "../../../core/scaling/adaptive-resource-allocation/measured-demand.ts";
import { type CapacityForecaster, observeMinute, startForecaster } from "../../../core/scaling/predictive-resource-scaling/capacity-forecaster.ts";
import { readForecaster, writeForecaster } from "../../../core/scaling/predictive-resource-scaling/capacity-state.ts";
import type { MeasuredDrill } from "../../../core/scaling/predictive-resource-scaling/forecast-horizon.ts";
import { type Lead, leadOf } from "../../../core/scaling/predictive-resource-scaling/lead-time.ts";

const DRILLS_MAX = 50;
/** What a state may come to when it is unpacked; its reader has a limit of its own. */
const STATE_BYTES_MAX = 2_000_000;

/** From restore drills that were proven, and from the group's own starts. */
export async function readLead({ registry }: World, group: ScalingGroup, cell: ScalingCell): Promise<Lead> {
  const newest = await registry.list("drill", { limit: DRILLS_MAX, newestFirst: true });
  const drills = newest.flatMap(({ value }): MeasuredDrill[] =>
    value.status === "proven" && value.figures !== null && value.endedAtMs !== null
      ? [{ finishedAtMs: value.endedAtMs, rtoMs: value.figures.rtoMs }]
      : [],
  );
  return leadOf({
    drills,
    starts: cell.starts.map(({ finishedAtMs, tookMs }) => ({ finishedAtMs, rtoMs: tookMs })),
    decisionMs: group.everySeconds * 1_000,
    defaultMs: group.startSeconds * 1_000,
    current: cell.latest === null ? null : cell.leadMinutes,
  });
}

export async function teachForecaster(
  world: World,
  group: ScalingGroup,
  leadMinutes: number,
  { minute, minuteMean }: MeasuredDemand,
): Promise<CapacityForecaster> {
  const before = await readState(world, group.name, leadMinutes);
  const units = minuteMean === null ? null : minuteMean / group.unitCapacity;
  const after = observeMinute(before, minute, units);
  if (after !== before) await writeState(world, group.name, after);
  return after;
}

async function readState({ registry, log }: World, group: GroupName, leadMinutes: number): Promise<CapacityForecaster> {
  const found = await registry.read("forecasterState", group);
  if (found.kind === "absent") return startForecaster(leadMinutes);
  const text = inflateRawSync(Buffer.from(found.value.state, "base64"), { maxOutputLength: STATE_BYTES_MAX }).toString("utf8");
  const read = readForecaster(text, leadMinutes);
  if (read.kind === "read") return read.state;
  log.warn("the capacity forecast begins anew", { group, why: read.reason });
  return startForecaster(leadMinutes);
}

async function writeState({ registry, clock }: World, group: GroupName, state: CapacityForecaster): Promise<void> {
  const packed = deflateRawSync(writeForecaster(state)).toString("base64");
  await registry.write("forecasterState", group, { group, atMs: clock.wallMs(), state: packed }, "any");
}
