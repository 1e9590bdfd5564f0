/**
 * The rehearsal's actuator as an operator would run one: a webhook's receiver with a key of its own before the network's units. It is
 * opened before there is a control plane, since the fleet file names it, and obeys nobody until the control plane's keys are pinned.
 */
import { capacityReceiver } from "../../adapters/capacity-receiver.ts";
import { systemClock } from "../../adapters/clock-system.ts";
import { readPinnedKeys } from "../../adapters/delegation-p256.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { newSigningKey, publicKeyOf } from "../../adapters/signature-ed25519.ts";
import type { Capacity } from "../../core/kernel/service-ports.ts";
import { openCapacityDoor } from "../network/capacity-door.ts";

export type CapacityHost = {
  /** As the fleet file writes it. */
  readonly actuator: { readonly kind: "webhook"; readonly url: string; readonly key: string };
  /** SPKI in base64, as `controlKeys` gives them. Throws where one is none. */
  pin(controlKeys: readonly string[]): void;
  close(): Promise<void>;
};

export async function openCapacityHost(options: { fleet: string; group: string; port: number; capacity: Capacity }): Promise<CapacityHost> {
  const { fleet, group, capacity } = options;
  const key = newSigningKey();
  let receive: ReturnType<typeof capacityReceiver> = async () => null;
  const door = await openCapacityDoor({ port: options.port, receive: (body) => receive(body) });
  return {
    actuator: { kind: "webhook", url: door.url, key: publicKeyOf(key) },
    pin(controlKeys) {
      const pinned = readPinnedKeys(controlKeys);
      if (pinned.kind === "invalid") throw new Error(pinned.faults.join("; "));
      receive = capacityReceiver({ fleet, group, controlKeys: pinned.keys, key, capacity, clock: systemClock(), entropy: systemEntropy() });
    },
    close: door.close,
  };
}
