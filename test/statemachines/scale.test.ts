import { describe, expect, it } from "vitest";
import { caught, chosen, machineOf, tasksOf } from "../support/state-machines.ts";

const machine = machineOf("scale.asl.json");
const round = { order: null, starting: 0, again: false };

describe("a decision on capacity", () => {
  it.each([
    ["orders what was decided", { ...round, order: { from: 1, to: 2 }, starting: 3 }, "ResizeGroup"],
    ["settles units that are starting, with nothing to order", { ...round, starting: 1 }, "SettleUnits"],
    ["ends with nothing to do", round, "CloseScaling"],
    ["waits and looks again within its minute", { ...round, again: true }, "WeighCapacity"],
  ])("%s", async (_, input, state) => {
    expect(await chosen(machine, "Decide", input)).toBe(state);
  });

  it("gives its group back whatever a step raises, but where another execution has it", async () => {
    for (const { name, within } of tasksOf(machine)) {
      if (name === "CloseScaling") continue;
      expect(await caught(within, name, "States.Timeout", {}), name).toBe("CloseScaling");
      expect(await caught(within, name, "RegistryUnavailable", {}), name).toBe("CloseScaling");
      expect(await caught(within, name, "RunStale", {}), name).toBe("Done");
    }
  });

  it("names itself to every step that may come first or last, so that its cell is its own", () => {
    for (const name of ["WeighCapacity", "CloseScaling"])
      expect(JSON.stringify(machine.States[name]?.Arguments), name).toContain("'execution': $states.context.Execution.Id");
  });
});
