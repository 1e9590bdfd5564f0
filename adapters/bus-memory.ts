/** A bus in memory that keeps what was published, in order, and passes the same contract suite as EventBridge. */
import type { Bus } from "../core/kernel/ports.ts";
import { type BusOptions, completeEvent, type PublishableName } from "./bus-events.ts";
import { systemClock } from "./clock-system.ts";
import { systemEntropy } from "./entropy-system.ts";

export type PublishedEvent = { readonly name: PublishableName; readonly detail: Record<string, unknown> };

export function memoryBus(options: Partial<BusOptions> & { fleet: string }): Bus & { readonly published: PublishedEvent[] } {
  const full = { region: "us-east-1", clock: systemClock(), entropy: systemEntropy(), ...options };
  const published: PublishedEvent[] = [];
  return {
    published,
    async publish(name, said) {
      published.push({ name, detail: completeEvent(name, said, full).detail });
    },
  };
}
