/** The memory fake keeps the registry's contract, so that tests which use it speak of the real one. */
import { memoryRegistry } from "../../adapters/registry-memory.ts";
import { settableClock } from "../support/settable-clock.ts";
import { describeRegistry, type RegistryUnderTest } from "./registry.contract.ts";
import { describeRegistryLimits } from "./registry-limits.contract.ts";

async function underTest(): Promise<RegistryUnderTest> {
  const clock = settableClock();
  const registry = memoryRegistry({ fleet: "rehearsal", clock });
  const other = memoryRegistry({ fleet: "rehearsal", clock, cells: registry.cells });
  return {
    registry,
    other,
    clock,
    corrupt: async (kind, key) => {
      const partition = registry.cells.get(`rehearsal#${kind}`) ?? new Map();
      registry.cells.set(`rehearsal#${kind}`, partition.set(key, { text: '{"node":"n1"}', revision: 1, expiresAtS: null }));
    },
  };
}

describeRegistry("the memory registry", underTest);
describeRegistryLimits("limits of the memory registry", underTest);
