/**
 * Carries a decision out. The cell must still be this execution's; the order's token is the decision's own, so that one that is given again
 * after a crash does nothing twice. Units leave one after another, and the first that does not ends the row.
 */
import { type CapacityOrder, type CapacityOutcome, sayBriefly } from "../../../core/kernel/capacity.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";
import { changeCell, groupOf } from "../ownership.ts";
import { keyOfDecision, type ScaleOrder, type ScaleRound } from "../round.ts";

/** A step's retries, and a function's cold start. */
const ORDER_MS = 120_000;

export async function resizeGroup(world: World, round: ScaleRound): Promise<ScaleRound> {
  const { order, group: name } = round;
  const { mode } = groupOf(world, name);
  if (order === null || (mode !== "auto" && mode !== "approve")) return round;
  await changeCell(world, round, (cell) => cell);
  const isOut = order.units.length === 0;
  const { outcome, removed } = isOut ? await raise(world, round, order) : await removeEach(world, round, order);
  const nowMs = world.clock.wallMs();
  const isChanged = outcome.kind === "done" || outcome.kind === "already" || removed.length > 0;
  await changeCell(world, round, (cell) => ({
    ...cell,
    lastOutMs: isChanged && isOut ? nowMs : cell.lastOutMs,
    lastInMs: isChanged && !isOut ? nowMs : cell.lastInMs,
  }));
  await noteOutcome(world, round, order, outcome);
  await tell(world, round, order, outcome, removed);
  return { ...round, order: null, reason: outcome.reason };
}

function orderFor({ decidedAtMs, reason }: ScaleOrder, group: string, nth: number): CapacityOrder {
  return { reason: sayBriefly(reason), token: `${group}-${pad(decidedAtMs)}-${nth}`, notAfterMs: decidedAtMs + ORDER_MS };
}

type Ordered = { readonly outcome: CapacityOutcome; readonly removed: readonly string[] };

async function raise(world: World, { group }: ScaleRound, order: ScaleOrder): Promise<Ordered> {
  const outcome = await capacityOf(world, group).raise({ from: order.from, to: order.to }, orderFor(order, group, 0));
  return { outcome, removed: [] };
}

async function removeEach(world: World, { group }: ScaleRound, order: ScaleOrder): Promise<Ordered> {
  const removed: string[] = [];
  let outcome: CapacityOutcome = { kind: "already", reason: "no unit was named" };
  for (const [nth, unit] of order.units.entries()) {
    outcome = await capacityOf(world, group).remove(unit, orderFor(order, group, nth));
    if (outcome.kind !== "done" && outcome.kind !== "already") break;
    removed.push(unit);
  }
  return { outcome, removed };
}

export function capacityOf(world: World, group: string) {
  if (world.capacity === null) throw new Error("this function has no capacity to order");
  return world.capacity(group);
}

async function noteOutcome({ registry, clock }: World, { group }: ScaleRound, { decidedAtMs }: ScaleOrder, outcome: CapacityOutcome): Promise<void> {
  const key = keyOfDecision(group, pad(decidedAtMs));
  const found = await registry.read("scalingDecision", key);
  if (found.kind === "absent") return;
  const { kind, reason } = outcome;
  await registry.write("scalingDecision", key, { ...found.value, outcome: { kind, atMs: clock.wallMs(), reason } }, "any");
}

async function tell(world: World, { group }: ScaleRound, order: ScaleOrder, outcome: CapacityOutcome, removed: readonly string[]): Promise<void> {
  const { bus } = world;
  for (const unit of removed) await bus.publish("scaling.unit-removed", { group, unit, reason: order.reason });
  if (outcome.kind === "done") {
    const after = order.units.length === 0 ? order.to : order.from - removed.length;
    await bus.publish("scaling.group-resized", { group, before: order.from, after, reason: order.reason });
  }
  if (outcome.kind === "refused" || outcome.kind === "unreachable") {
    await bus.publish("scaling.order-failed", { group, reason: `${outcome.kind}: ${outcome.reason}` });
  }
}
