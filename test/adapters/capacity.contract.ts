/**
 * What every capacity keeps, whoever starts and stops its units. Run on memory, on a webhook before it, on an Auto Scaling group and on an
 * ECS service as AWS documents them, and on the emulator as far as it goes; a line that holds on one and not on another is a bug in one.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CapacityOrder, Seen, Unit, Verdict } from "../../core/kernel/capacity.ts";
import type { Capacity } from "../../core/kernel/service-ports.ts";

export type CapacityWorld = {
  readonly capacity: Capacity;
  /** A second process at the same group. */
  readonly other: Capacity;
  /** What was begun comes to its end: instances start, tasks stop. */
  readonly settle: () => Promise<void>;
  /** The wall clock that an order's end is compared with. */
  readonly nowMs: () => number;
};
export type Open = (group: { min: number; max: number; desired: number }) => Promise<CapacityWorld>;
/** What the place at hand cannot do at all; the tests that need it say so and are left out by this sentence. */
export type Lacks = { readonly waiting?: string; readonly choosing?: string };

const RUNS = { numRuns: 12 };
const GROUP = { min: 1, max: 6, desired: 3 };
let serial = 0;

export function orderAt(nowMs: number, changes: Partial<CapacityOrder> = {}): CapacityOrder {
  serial += 1;
  return { reason: "as a test wants it", token: `token-${serial.toString().padStart(8, "0")}`, notAfterMs: nowMs + 60_000, ...changes };
}

export async function lookAt(capacity: Capacity): Promise<Seen> {
  const look = await capacity.look();
  if (look.kind !== "seen") throw new Error(`${look.kind}: ${look.reason}`);
  return look;
}

const idsOf = (units: readonly Unit[]): string[] => units.map(({ id }) => id).toSorted();
export const staying = ({ units }: Seen): Unit[] => units.filter(({ state }) => state !== "leaving");

const Step = fc.oneof(
  fc.record({ kind: fc.constant("raise" as const), from: fc.nat(8), to: fc.nat(8), twice: fc.boolean() }),
  fc.record({ kind: fc.constant("complete" as const), at: fc.nat(9), verdict: fc.constantFrom<Verdict>("serves", "waits", "abandoned") }),
  fc.record({ kind: fc.constant("remove" as const), at: fc.nat(9), twice: fc.boolean() }),
);

export function describeCapacity(title: string, open: Open, lacks: Lacks = {}): void {
  const opened = async (group = GROUP) => {
    const world = await open(group);
    await world.settle();
    return { ...world, order: (changes: Partial<CapacityOrder> = {}) => orderAt(world.nowMs(), changes) };
  };

  describe(`${title}, looking and raising`, () => {
    test("sees as many units as are asked for, each under one id, the same from any process", async () => {
      const { capacity, other } = await opened();
      const seen = await lookAt(capacity);
      expect(seen).toMatchObject(GROUP);
      expect(new Set(idsOf(seen.units)).size).toBe(3);
      expect(idsOf((await lookAt(other)).units)).toEqual(idsOf(seen.units));
    });

    test("asks for more once, however often and from wherever the order comes", async () => {
      const { capacity, other, order, settle } = await opened();
      const [raise, same] = [{ from: 3, to: 5 }, order()];
      expect((await capacity.raise(raise, same)).kind).toBe("done");
      expect((await capacity.raise(raise, same)).kind).toBe("already");
      expect((await other.raise(raise, same)).kind).toBe("already");
      expect((await other.raise({ from: 3, to: 4 }, order())).kind).toBe("already");
      await settle();
      const seen = await lookAt(other);
      expect([seen.desired, staying(seen).length]).toEqual([5, 5]);
    });

    test("never lowers, never goes above its most, and changes nothing by an order that is overtaken, late or no raise", async () => {
      const { capacity, order, nowMs } = await opened();
      const before = await lookAt(capacity);
      expect((await capacity.raise({ from: 3, to: 2 }, order())).kind).toBe("refused");
      expect((await capacity.raise({ from: 3, to: 3 }, order())).kind).toBe("refused");
      expect((await capacity.raise({ from: 3, to: 7 }, order())).kind).toBe("refused");
      expect((await capacity.raise({ from: 2, to: 4 }, order())).kind).toBe("busy");
      expect(await capacity.raise({ from: 3, to: 4 }, order({ notAfterMs: nowMs() - 1 }))).toMatchObject({
        kind: "refused",
        reason: expect.stringContaining("good until"),
      });
      expect(await lookAt(capacity)).toEqual(before);
    });
  });

  describe(`${title}, what is starting`, () => {
    test("serves only when it was told so, and says when it was before", async (context) => {
      context.skip(lacks.waiting !== undefined, lacks.waiting);
      const { capacity, other, order, settle } = await opened();
      const [first, second] = (await lookAt(capacity)).units;
      expect((await lookAt(capacity)).units.map(({ state }) => state)).toEqual(["starting", "starting", "starting"]);
      expect((await capacity.complete(first?.id ?? "", "waits", order())).kind).toMatch(/done|already/);
      const same = order();
      expect((await capacity.complete(first?.id ?? "", "serves", same)).kind).toBe("done");
      expect((await capacity.complete(first?.id ?? "", "serves", same)).kind).toBe("already");
      expect((await other.complete(first?.id ?? "", "serves", order())).kind).toBe("already");
      await settle();
      const { units } = await lookAt(other);
      expect(units.find(({ id }) => id === first?.id)?.state).toBe("ready");
      expect(units.find(({ id }) => id === second?.id)?.state).toBe("starting");
    });

    test("is replaced when it is abandoned; what serves is not, and what is unknown neither serves nor waits", async (context) => {
      context.skip(lacks.waiting !== undefined, lacks.waiting);
      const { capacity, order, settle } = await opened();
      const [bad, good] = (await lookAt(capacity)).units.map(({ id }) => id);
      await capacity.complete(good ?? "", "serves", order());
      expect((await capacity.complete(bad ?? "", "abandoned", order())).kind).toBe("done");
      expect((await capacity.complete(bad ?? "", "abandoned", order())).kind).toBe("already");
      expect((await capacity.complete(good ?? "", "abandoned", order())).kind).toBe("refused");
      expect((await capacity.complete("nobody-0", "serves", order())).kind).toBe("refused");
      await settle();
      const seen = await lookAt(capacity);
      expect(seen.desired).toBe(3);
      expect(idsOf(staying(seen))).not.toContain(bad);
      expect(idsOf(staying(seen))).toContain(good);
      expect(staying(seen)).toHaveLength(3);
    });
  });

  describe(`${title}, taking away`, () => {
    test("ends the very unit that was named, whichever it is and whatever state it is in", async (context) => {
      context.skip(lacks.choosing !== undefined, lacks.choosing);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 2, max: 6 }), fc.nat(5), fc.array(fc.nat(5), { maxLength: 3 }), async (desired, index, serving) => {
          const { capacity, other, order, settle } = await opened({ ...GROUP, desired });
          const ids = (await lookAt(capacity)).units.map(({ id }) => id);
          for (const at of serving) await capacity.complete(ids[at % desired] ?? "", "serves", order());
          await settle();
          const named = ids[index % desired] ?? "";
          const same = order();
          expect((await capacity.remove(named, same)).kind).toBe("done");
          await settle();
          expect((await other.remove(named, same)).kind).toBe("already");
          expect((await capacity.remove(named, order())).kind).toBe("already");
          await settle();
          const seen = await lookAt(capacity);
          expect([seen.desired, idsOf(staying(seen))]).toEqual([desired - 1, ids.filter((id) => id !== named).toSorted()]);
        }),
        RUNS,
      );
    });

    test("never goes below its least, nor by an order that is late", async (context) => {
      context.skip(lacks.choosing !== undefined, lacks.choosing);
      const { capacity, order, nowMs } = await opened({ min: 2, max: 6, desired: 2 });
      const before = await lookAt(capacity);
      const [id = ""] = idsOf(before.units);
      expect((await capacity.remove(id, order())).kind).toBe("refused");
      expect((await capacity.remove(id, order({ notAfterMs: nowMs() - 1 }))).kind).toBe("refused");
      expect((await capacity.remove("nobody-0", order())).kind).toBe("already");
      expect(await lookAt(capacity)).toEqual(before);
    });

    test("lets no unit go that no order named, and keeps within its bounds, whatever is ordered", async (context) => {
      context.skip(lacks.choosing !== undefined || lacks.waiting !== undefined, lacks.choosing ?? lacks.waiting);
      await fc.assert(
        fc.asyncProperty(fc.array(Step, { minLength: 1, maxLength: 10 }), async (steps) => {
          const { capacity, other, order, settle } = await opened();
          let known = staying(await lookAt(capacity));
          for (const step of steps) {
            const named = step.kind === "raise" ? "" : (known[step.at % known.length]?.id ?? "");
            const same = order();
            const act = (by: Capacity) =>
              step.kind === "raise" ? by.raise(step, same) : step.kind === "remove" ? by.remove(named, same) : by.complete(named, step.verdict, same);
            await act(capacity);
            if (step.kind !== "complete" && step.twice) await act(other);
            await settle();
            const seen = await lookAt(capacity);
            expect(seen.desired).toBeGreaterThanOrEqual(GROUP.min);
            expect(seen.desired).toBeLessThanOrEqual(GROUP.max);
            expect(staying(seen)).toHaveLength(seen.desired);
            const gone = known.map(({ id }) => id).filter((id) => !idsOf(staying(seen)).includes(id));
            expect([[], [named]]).toContainEqual(gone);
            known = staying(seen);
          }
        }),
        RUNS,
      );
    });
  });
}
