/**
 * Completes what a caller says into the event that travels: head filled in, checked against its published shape, within
 * the bus's size. Both buses use it, so that a test on the memory bus refuses what EventBridge's subscribers could not read.
 */
import { faultsOf, InputInvalid } from "../core/kernel/errors.ts";
import { EVENTS, type EventName, type Said } from "../core/kernel/events.ts";
import type { Clock, Entropy } from "../core/kernel/ports.ts";

/** EventBridge takes 256 KiB a PutEvents call, and counts source and type as well: 1 KiB aside for those. */
export const EVENT_BYTES_MAX = 255 * 1_024;

export type PublishableName = Exclude<EventName, "failover.requested">;
export type BusOptions = { fleet: string; region: string; clock: Clock; entropy: Entropy };

export function completeEvent<N extends PublishableName>(
  name: N,
  said: Said<N>,
  options: BusOptions,
): { detail: Record<string, unknown>; text: string } {
  const where = `the event ${name}`;
  const { fleet, region, clock, entropy } = options;
  /** 128 random bits: a subscriber that sees an id twice has seen one event delivered twice. */
  const id = Buffer.from(entropy.bytes(16)).toString("hex");
  const parsed = EVENTS[name].safeParse({ ...said, schema: 1, id, fleet, atMs: clock.wallMs(), region });
  if (!parsed.success) throw new InputInvalid({ where, faults: faultsOf(parsed.error) });
  const text = JSON.stringify(parsed.data);
  const bytes = Buffer.byteLength(text);
  if (bytes > EVENT_BYTES_MAX) throw new InputInvalid({ where, faults: [`found ${bytes} bytes; at most ${EVENT_BYTES_MAX} travel in one event`] });
  return { detail: JSON.parse(text) as Record<string, unknown>, text };
}
