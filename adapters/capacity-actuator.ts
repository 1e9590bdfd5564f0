/**
 * A group's capacity by what its fleet file says starts and stops it. Each kind is loaded by its first use, so that a function pays at its
 * start for no client that it never asks.
 */

import { FleetMismatch } from "../core/kernel/errors.ts";
import type { Fleet } from "../core/kernel/fleet.ts";
import type { Clock, Entropy } from "../core/kernel/ports.ts";
import type { ScalingGroup } from "../core/kernel/scaling-policy.ts";
import { actuatorName, scalingGroup } from "../core/kernel/scaling-rules.ts";
import type { Capacity } from "../core/kernel/service-ports.ts";
import type { Authority } from "./authority-kms.ts";

export type ActuatorParts = {
  readonly fleet: Pick<Fleet, "fleet" | "scaling">;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Signs for webhooks; not asked for by the others. */
  readonly authority: () => Promise<Authority>;
  /** Else what the SDK finds in AWS_ENDPOINT_URL. */
  readonly endpoint?: string | undefined;
};

/** Each group's, made once. Throws `FleetMismatch` for a name that the fleet file does not have. */
export function capacities(parts: ActuatorParts): (group: string) => Capacity {
  const made = new Map<string, Capacity>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const group = scalingGroup(parts.fleet, name);
    if (group === undefined) {
      const allowed = (parts.fleet.scaling?.groups ?? []).map((each) => each.name as string);
      throw new FleetMismatch({ what: "group", found: name, allowed });
    }
    const capacity = byFirstUse(actuatorName(group.actuator), () => openCapacity(group, parts));
    made.set(name, capacity);
    return capacity;
  };
}

export async function openCapacity({ name, actuator, min, max, startSeconds }: ScalingGroup, parts: ActuatorParts): Promise<Capacity> {
  const { clock, entropy, endpoint } = parts;
  switch (actuator.kind) {
    case "asg":
      return (await import("./capacity-asg.ts")).asgCapacity({ ...actuator, min, max, startSeconds, clock, endpoint });
    case "ecs":
      return (await import("./capacity-ecs.ts")).ecsCapacity({ ...actuator, min, max, clock, endpoint });
    case "webhook": {
      const [{ webhookCapacity }, authority] = await Promise.all([import("./capacity-webhook.ts"), parts.authority()]);
      return webhookCapacity({ ...actuator, fleet: parts.fleet.fleet, group: name, authority, entropy });
    }
  }
}

/** One that could not be opened is opened anew by the next call. */
function byFirstUse(name: string, open: () => Promise<Capacity>): Capacity {
  let opened: Promise<Capacity> | undefined;
  const capacity = (): Promise<Capacity> => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return {
    name,
    look: async () => (await capacity()).look(),
    raise: async (...asked) => (await capacity()).raise(...asked),
    complete: async (...asked) => (await capacity()).complete(...asked),
    remove: async (...asked) => (await capacity()).remove(...asked),
  };
}
