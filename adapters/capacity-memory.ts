/**
 * Capacity kept by this process: which units there are, which of them serve, how many are asked for. What a unit is in the flesh is given:
 * `start` brings one up, `end` takes it away. The rehearsal's nodes are started and stopped by this one behind the webhook's receiver;
 * tests give it nothing to start. A unit whose start failed is gone, and the next look starts another in its place, one start a look.
 */

import { type CapacityOrder, type CapacityOutcome, type Seen, sayBriefly, UNITS_MAX, type Unit } from "../core/kernel/capacity.ts";
import { judgeRaise, judgeRemoval, judgeVerdict, stayingUnits } from "../core/kernel/capacity-rules.ts";
import type { Clock } from "../core/kernel/ports.ts";
import type { Capacity } from "../core/kernel/service-ports.ts";

/** A day of an order a minute: an order is good for minutes. */
const TOKENS_KEPT_MAX = 1_440;

export type MemoryCapacityOptions = {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly desired?: number;
  /** Taken in turn; none: units have no zone. */
  readonly zones?: readonly string[];
  readonly idPrefix?: string;
  readonly clock: Pick<Clock, "wallMs">;
  readonly start?: (id: string) => Promise<void>;
  readonly end?: (id: string) => Promise<void>;
  /** False for a unit that is dead: the next look takes it away and starts another. */
  readonly lives?: (id: string) => boolean;
  readonly onFault?: (id: string, reason: string) => void;
};

export function memoryCapacity(options: MemoryCapacityOptions) {
  const { min, max, clock, zones = [], start = async () => {}, end = async () => {} } = options;
  if (max > UNITS_MAX) throw new RangeError(`a group has ${UNITS_MAX} units at most, not ${max}`);
  const units = new Map<string, Unit>();
  const heeded = new Map<string, CapacityOutcome>();
  const ending = new Set<Promise<void>>();
  let desired = options.desired ?? min;
  let serial = 0;
  fill(max);

  /** So many at most are started now. */
  function fill(limit: number): void {
    for (let started = 0; started < limit && stayingUnits({ units: [...units.values()] }).length < desired; started += 1) bringUp();
  }

  function bringUp(): void {
    const id = `${options.idPrefix ?? "unit-"}${serial}`;
    units.set(id, { id, state: "starting", startedAtMs: Math.trunc(clock.wallMs()), zone: zones[serial % Math.max(1, zones.length)] ?? null });
    serial += 1;
    start(id).catch((error: unknown) => {
      options.onFault?.(id, sayBriefly(error instanceof Error ? error.message : String(error)));
      takeAway(id);
    });
  }

  function takeAway(id: string): void {
    const unit = units.get(id);
    if (unit === undefined || unit.state === "leaving") return;
    units.set(id, { ...unit, state: "leaving" });
    const gone = end(id)
      .catch((error: unknown) => options.onFault?.(id, sayBriefly(error instanceof Error ? error.message : String(error))))
      .then(() => {
        units.delete(id);
        ending.delete(gone);
      });
    ending.add(gone);
  }

  const seen = (): Seen => ({ kind: "seen", desired, min, max, units: [...units.values()] });

  /** The first outcome of a token stands, but for one that says "look again". */
  function heed(order: CapacityOrder, act: () => CapacityOutcome): CapacityOutcome {
    const before = heeded.get(order.token);
    if (before !== undefined) return before.kind === "done" ? { kind: "already", reason: `done before: ${before.reason}` } : before;
    const outcome = act();
    if (outcome.kind === "busy") return outcome;
    heeded.set(order.token, outcome);
    const [oldest] = heeded.keys();
    if (heeded.size > TOKENS_KEPT_MAX && oldest !== undefined) heeded.delete(oldest);
    return outcome;
  }

  const capacity: Capacity = {
    name: options.name,
    async look() {
      for (const { id } of stayingUnits({ units: [...units.values()] })) if (options.lives?.(id) === false) takeAway(id);
      fill(1);
      return seen();
    },
    async raise(raise, order) {
      return heed(order, () => {
        const judged = judgeRaise(seen(), raise, order, clock.wallMs());
        if (judged.kind !== "go") return judged;
        desired = raise.to;
        fill(max);
        return { kind: "done", reason: `${raise.to} units are asked for` };
      });
    },
    async complete(unit, verdict, order) {
      return heed(order, () => {
        const judged = judgeVerdict(seen(), unit, verdict, order, clock.wallMs());
        if (judged.kind !== "go") return judged;
        const found = units.get(unit);
        if (verdict === "serves" && found !== undefined) units.set(unit, { ...found, state: "ready" });
        if (verdict === "abandoned") {
          takeAway(unit);
          fill(1);
        }
        return { kind: "done", reason: `${unit} ${verdict === "abandoned" ? "is ended, another takes its place" : verdict}` };
      });
    },
    async remove(unit, order) {
      return heed(order, () => {
        const judged = judgeRemoval(seen(), unit, order, clock.wallMs());
        if (judged.kind !== "go") return judged;
        if (!judged.surplus) desired -= 1;
        takeAway(unit);
        return { kind: "done", reason: `${unit} is ended, ${desired} units are asked for` };
      });
    },
  };
  return {
    ...capacity,
    /** Ends every unit that there is; none is started any more. */
    async close(): Promise<void> {
      desired = 0;
      for (const id of [...units.keys()]) takeAway(id);
      await Promise.all(ending);
    },
  };
}
