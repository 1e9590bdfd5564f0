/** The memory bus keeps the bus's contract, so that tests which use it speak of the real one. */
import { memoryBus } from "../../adapters/bus-memory.ts";
import { settableClock } from "../support/settable-clock.ts";
import { AT_MS, describeBus } from "./bus.contract.ts";

describeBus("the memory bus", async () => {
  const bus = memoryBus({ fleet: "rehearsal", clock: settableClock(AT_MS) });
  return {
    bus,
    next: async () => {
      const event = bus.published.shift();
      if (event === undefined) throw new Error("nothing was published");
      return event;
    },
  };
});
