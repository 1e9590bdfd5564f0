/**
 * Slots: the chain's own ticks. On a chain of time slots a slot is a stretch of wall time that every honest clock can
 * name, so that a bound on slots bounds a holder whose own clock has stopped. On a chain that signs heights there is no
 * such bound, and lease and watermark alone protect; `guaranteeOf` says which one a chain gets.
 */
import type { Slots } from "./fleet.ts";

/** Above every slot: the bound where slots bound nothing. */
export const UNBOUNDED_SLOT = Number.MAX_SAFE_INTEGER;

export type Guarantee = "slots, lease and watermark" | "lease and watermark";

export function guaranteeOf(slots: Slots): Guarantee {
  return slots.kind === "time" ? "slots, lease and watermark" : "lease and watermark";
}

/** The slot that `wallMs` falls into; before genesis it is -1. */
export function slotAt(slots: Slots & { kind: "time" }, wallMs: number): number {
  return Math.max(-1, Math.floor((wallMs / 1_000 - slots.genesisTime) / slots.seconds));
}

export function slotStartMs(slots: Slots & { kind: "time" }, slot: number): number {
  return (slots.genesisTime + slot * slots.seconds) * 1_000;
}

/** A block's slot: by its timestamp where slots are time, else its height. */
export function slotOfBlock(slots: Slots, block: { height: number; timestampS: number }): number {
  return slots.kind === "time" ? Math.floor((block.timestampS - slots.genesisTime) / slots.seconds) : block.height;
}

/** The middle of the clocks at hand; with an even number, the earlier of the two, since a late bound costs safety margin. */
export function medianMs(clocks: readonly number[]): number {
  const sorted = clocks.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new RangeError("a median needs at least one clock");
  return middle;
}
