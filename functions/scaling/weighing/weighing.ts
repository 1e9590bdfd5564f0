/**
 * One look at a group and one decision: the cell is taken, units, demand and surroundings are looked at, the forecast is taught, and what is
 * decided is written down before anything is ordered. Nothing is decided anew before its time, but for an alarm or a person.
 */
import { type Seen, sayBriefly } from "../../../core/kernel/capacity.ts";
import { stayingUnits } from "../../../core/kernel/capacity-rules.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { APPROVED_MS_MAX, type ScalingCell, type ScalingDecision } from "../../../core/kernel/scaling.ts";
import type { ScalingGroup } from "../../../core/kernel/scaling-policy.ts";
import { countMinute } from "../../../core/scaling/predictive-resource-scaling/capacity-tally.ts";
import { changeCell, groupOf, takeCell } from "../ownership.ts";
import type { ScaleInput, ScaleOrder, ScaleRound } from "../round.ts";
import { type DecisionFacts, decideChange } from "./deciding.ts";
import { readDemand } from "./demand.ts";
import { readLead, teachForecaster } from "./forecasting.ts";
import { noteDecision } from "./journalling.ts";
import { lookAround } from "./surroundings.ts";

/** EventBridge starts the next execution then. */
const RUN_MS = 60_000;
const TURN_SECONDS = 5;
/** A start that comes a little early is still the one that is due. */
const EARLY_SHARE = 0.1;

export async function weighCapacity(world: World, input: ScaleInput): Promise<ScaleRound> {
  const group = groupOf(world, input.group);
  const cell = await takeCell(world, input);
  if (cell === null) return waitForTurn(input);
  const nowMs = world.clock.wallMs();
  const everyMs = group.everySeconds * 1_000;
  const waitSeconds = Math.min(group.everySeconds, RUN_MS / 1_000);
  const again = nowMs - cell.ownerSinceMs + everyMs < RUN_MS;
  const round = { ...input, order: null, again, waitSeconds };
  const look = await world.capacity?.(group.name).look();
  if (look === undefined || look.kind !== "seen") {
    const reason = sayBriefly(`the actuator cannot be asked: ${look?.reason ?? "this function has none"}`);
    world.log.warn("a group could not be looked at", { group: group.name, why: reason });
    return { ...round, decision: "hold", starting: 0, reason };
  }
  const starting = look.units.filter(({ state }) => state === "starting").length;
  const facts = await factsOf(world, group, cell, look, input);
  const counted = await countCell(world, input, facts);
  publishUse(world, facts);
  const isDue = cell.decidedAtMs === null || nowMs - cell.decidedAtMs >= everyMs * (1 - EARLY_SHARE);
  /** An alarm or a hand decides once, at the beginning of its execution. */
  const isCalled = input.trigger !== "schedule" && cell.ownerSinceMs === cell.beatAtMs;
  if (!isDue && !isCalled) return { ...round, decision: "hold", starting, reason: `the next decision is due ${group.everySeconds} s after the last` };
  const decision = decideChange(facts);
  const acts = mayAct(counted, decision);
  await noteDecision(world, input, { before: counted, decision, acts });
  const order = acts ? orderOf(decision, look, facts.declaredReady) : null;
  return { ...round, decision: decision.kind, order, starting, reason: decision.reason };
}

function waitForTurn(input: ScaleInput): ScaleRound {
  const reason = "the execution of the minute before is still at it";
  const waitedSeconds = input.waitedSeconds + TURN_SECONDS;
  return { ...input, waitedSeconds, decision: "hold", order: null, starting: 0, again: true, waitSeconds: TURN_SECONDS, reason };
}

/** In mode `approve` a person's word for a change of this kind stands for one order. */
function mayAct({ approved }: ScalingCell, { kind, mode, atMs }: ScalingDecision): boolean {
  if (kind === "hold") return false;
  return mode === "auto" || (mode === "approve" && approved?.kind === kind && atMs - approved.atMs <= APPROVED_MS_MAX);
}

async function factsOf(world: World, group: ScalingGroup, cell: ScalingCell, seen: Seen, { trigger }: ScaleInput): Promise<DecisionFacts> {
  const [around, demand, lead] = await Promise.all([
    lookAround(world, group, seen),
    readDemand(
      world,
      group,
      stayingUnits(seen).map(({ id }) => id),
    ),
    readLead(world, group, cell),
  ]);
  const forecaster = await teachForecaster(world, group, lead.minutes, demand);
  const ready = seen.units.filter(({ state }) => state === "ready").length;
  return { group, cell, seen, ...around, demand, lead, forecaster, ready, trigger, nowMs: world.clock.wallMs() };
}

/** The minute that is over counts once, and the forecast's record is shown beside the decisions. */
function countCell(world: World, input: ScaleInput, { demand, lead, forecaster, seen, group, ready, declaredReady }: DecisionFacts) {
  const { minutesSeen, record } = forecaster;
  return changeCell(world, input, (cell) => {
    const isNew = demand.minuteMean !== null && (cell.countedMinute ?? -1) < demand.minute;
    const carried = (ready + declaredReady) * group.unitCapacity;
    const known = new Map(cell.starting.map(({ unit, sinceMs }) => [unit, sinceMs]));
    const starting = seen.units.filter(({ state }) => state === "starting");
    return {
      ...cell,
      units: seen.units.map(({ id, state, zone }) => ({ id, state, zone })),
      declaredReady,
      leadMinutes: lead.minutes,
      leadReason: lead.reason,
      starting: starting.map(({ id, startedAtMs }) => ({ unit: id, sinceMs: startedAtMs ?? known.get(id) ?? world.clock.wallMs() })),
      trust: { minutesSeen, ...record },
      countedMinute: isNew ? demand.minute : cell.countedMinute,
      tally: isNew && demand.minuteMean !== null ? countMinute(cell.tally, demand.minuteMean, carried) : cell.tally,
    };
  });
}

/** Of what the ready ones carry; the alarm that starts a decision before its time watches it. */
function publishUse({ metrics }: World, { group, demand, ready, declaredReady }: DecisionFacts): void {
  const carried = (ready + declaredReady) * group.unitCapacity;
  if (demand.now === null) return;
  metrics.count("CapacityUsedPercent", carried === 0 ? (demand.now === 0 ? 0 : 1_000) : (100 * demand.now) / carried, { group: group.name });
}

/** In the actuator's own numbers: the declared members are none of its units. */
function orderOf({ atMs, kind, to, leaving, reason }: ScalingDecision, { desired }: Seen, declaredReady: number): ScaleOrder | null {
  const wanted = to - declaredReady;
  if (kind === "out") return wanted > desired ? { decidedAtMs: atMs, from: desired, to: wanted, units: [], reason } : null;
  return leaving.length === 0 ? null : { decidedAtMs: atMs, from: desired, to: Math.max(0, desired - leaving.length), units: leaving, reason };
}
