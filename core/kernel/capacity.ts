/**
 * What is asked of whoever starts and stops units of capacity (each runs one node), and all that may come back. An order may arrive
 * more than once and late: it says what it saw, until when it is good, and names the unit that it means. No order ends "any" unit.
 */
import * as z from "zod";
import { WallMs } from "./ids.ts";

/** A group is looked at in one go; a fleet has 500 nodes at most, and groups of its own for its roles. */
export const UNITS_MAX = 200;
/** Units that are on their way out are seen beside those that replace them. */
const UNITS_SEEN_MAX = 2 * UNITS_MAX;
const REASON_CHARACTERS_MAX = 500;

const Reason = z.string().min(1).max(REASON_CHARACTERS_MAX);
const Count = z.int().min(0).max(UNITS_MAX);

/** An instance's or a task's id, or whatever a webhook's receiver calls its own. */
export const UnitId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, "1 to 128 letters, digits, '-' and '_'");

export const Unit = z.object({
  id: UnitId,
  /** starting: it must not serve yet. ready: it was told to serve. leaving: it serves no more, or soon, and is counted no more. */
  state: z.enum(["starting", "ready", "leaving"]),
  /** Null where the actuator does not say. */
  startedAtMs: WallMs.nullable(),
  /** As the actuator calls it; null where it does not say. */
  zone: z.string().min(1).max(64).nullable(),
  /** Where its node answers, from where the control plane runs; absent where the actuator does not know. */
  rpc: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .optional(),
});
export type Unit = z.infer<typeof Unit>;

export const Seen = z.object({
  kind: z.literal("seen"),
  /** How many units are asked for. */
  desired: Count,
  min: Count,
  max: Count,
  units: z.array(Unit).max(UNITS_SEEN_MAX),
});
export type Seen = z.infer<typeof Seen>;

/** Nothing is known of what was done, if anything: look again. Every order may be given again. */
const Unreachable = z.object({ kind: z.literal("unreachable"), reason: Reason });
/** Nothing was done, and it will be so again until somebody changes something. */
const Refused = z.object({ kind: z.literal("refused"), reason: Reason });

export const CapacityLook = z.discriminatedUnion("kind", [Seen, Refused, Unreachable]);
export type CapacityLook = z.infer<typeof CapacityLook>;

export const CapacityOutcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done"), reason: Reason }),
  /** It was so before. */
  z.object({ kind: z.literal("already"), reason: Reason }),
  /** Nothing was done now; look again, and decide by what is seen then. */
  z.object({ kind: z.literal("busy"), reason: Reason }),
  Refused,
  Unreachable,
]);
export type CapacityOutcome = z.infer<typeof CapacityOutcome>;

/**
 * serves: it has caught up. waits: it has not, and is to be given more time. abandoned: it never will; it is ended, and as
 * many are asked for as before, so that another one is started.
 */
export const Verdict = z.enum(["serves", "waits", "abandoned"]);
export type Verdict = z.infer<typeof Verdict>;

export const CapacityOrder = z.object({
  /** For whoever reads the actuator's log. */
  reason: Reason,
  /** One a decision: where the actuator remembers, a second order with it does nothing. */
  token: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, "8 to 64 letters, digits, '-' and '_'"),
  /** Past this by the actuator's or the adapter's wall clock it changes nothing. */
  notAfterMs: WallMs,
});
export type CapacityOrder = z.infer<typeof CapacityOrder>;

export const Raise = z.object({ from: Count, to: Count });
export type Raise = z.infer<typeof Raise>;

/** A sentence that fits, whatever a stranger's error message was. */
export function sayBriefly(text: string): string {
  const sentence = text.trim() === "" ? "no reason was given" : text;
  return sentence.length <= REASON_CHARACTERS_MAX ? sentence : `${sentence.slice(0, REASON_CHARACTERS_MAX - 1)}…`;
}
