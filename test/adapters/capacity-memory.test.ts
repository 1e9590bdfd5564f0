/** Memory keeps capacity's contract; and what it does with units that it really starts. */
import { describe, expect, test } from "vitest";
import { memoryCapacity } from "../../adapters/capacity-memory.ts";
import { settableClock } from "../support/settable-clock.ts";
import { describeCapacity, lookAt, orderAt, staying } from "./capacity.contract.ts";

const clock = settableClock();

describeCapacity("capacity in memory", async (group) => {
  const capacity = memoryCapacity({ name: "memory", ...group, clock });
  return { capacity, other: capacity, settle: async () => {}, nowMs: clock.wallMs };
});

describe("capacity in memory", () => {
  const order = () => orderAt(clock.wallMs());

  test("starts another in place of one that could not be started, one a look, and says why", async () => {
    const faults: string[] = [];
    let fails = 2;
    const start = async (): Promise<void> => {
      fails -= 1;
      if (fails >= 0) throw new Error("no port is free");
    };
    const capacity = memoryCapacity({
      name: "memory",
      min: 0,
      max: 3,
      desired: 1,
      clock,
      start,
      onFault: (id, reason) => faults.push(`${id}: ${reason}`),
    });
    await expect.poll(async () => staying(await lookAt(capacity)).map(({ id }) => id)).toEqual(["unit-2"]);
    expect(faults).toEqual(["unit-0: no port is free", "unit-1: no port is free"]);
  });

  test("heeds a token once, whatever came between", async () => {
    const capacity = memoryCapacity({ name: "memory", min: 0, max: 3, desired: 1, clock });
    const raise = order();
    await capacity.raise({ from: 1, to: 2 }, raise);
    const [unit] = (await lookAt(capacity)).units;
    await capacity.remove(unit?.id ?? "", order());
    expect((await capacity.raise({ from: 1, to: 2 }, raise)).kind).toBe("already");
    expect((await lookAt(capacity)).desired).toBe(1);
  });

  test("ends every unit when it is closed, also one that was leaving", async () => {
    const ended: string[] = [];
    const end = async (id: string): Promise<void> => void ended.push(id);
    const capacity = memoryCapacity({ name: "memory", min: 0, max: 3, desired: 3, clock, end });
    await capacity.remove("unit-1", order());
    await capacity.close();
    expect(ended.toSorted()).toEqual(["unit-0", "unit-1", "unit-2"]);
    expect((await lookAt(capacity)).units).toEqual([]);
  });
});
