/**
 * The capacity forecast as text, for the time between two function runs. What is read is checked whole: a state of another version, of
 * another lead time or with a number that is none is refused with its reason, and the caller starts anew rather than guess.
 */
import * as z from "zod";
import { type CapacityForecaster, LEAD_MINUTES_MAX } from "./capacity-forecaster.ts";
import { PROFILE_SLOTS } from "./capacity-spread.ts";

const TEXT_BYTES_MAX = 2_000_000;
const numbers = (length: number) => z.array(z.number()).length(length);

const Awaited = z.strictObject({
  target: z.int(),
  value: z.number(),
  peak: z.number().nullable(),
  base: z.number(),
  driftFeatures: numbers(9),
  move: z.number(),
  causes: numbers(9),
  spread: z.number().positive(),
  slot: z
    .int()
    .min(0)
    .max(PROFILE_SLOTS - 1),
  groups: numbers(4),
  width: z.number().positive(),
});
const Outlook = z.strictObject({
  asks: z.enum(["demand", "peak"]),
  drift: z.strictObject({ weights: numbers(9), covariance: z.array(numbers(9)).length(9) }),
  spread: z.strictObject({
    weights: numbers(9),
    fastVariance: z.number().min(0),
    slowVariance: z.number().min(0),
    profile: numbers(PROFILE_SLOTS),
  }),
  tail: z.strictObject({ masses: numbers(400), offsets: z.tuple([numbers(12), numbers(48), numbers(12), numbers(12)]) }),
  awaited: z.array(Awaited).max(LEAD_MINUTES_MAX),
});
const State = z.strictObject({
  version: z.literal(1),
  leadMinutes: z.int().min(1).max(LEAD_MINUTES_MAX),
  minute: z.int().nullable(),
  dataMinute: z.int().nullable(),
  minutesSeen: z.int().min(0),
  levels: z.strictObject({ fast: z.number(), middle: z.number(), slow: z.number() }).nullable(),
  ordering: Outlook,
  keeping: Outlook,
  record: z.strictObject({ error: z.number(), naiveError: z.number(), beyondShare: z.number(), isTrusted: z.boolean() }),
});

export function writeForecaster(state: CapacityForecaster): string {
  return JSON.stringify(state);
}

export type ReadForecaster = { readonly kind: "read"; readonly state: CapacityForecaster } | { readonly kind: "refused"; readonly reason: string };

export function readForecaster(text: string, leadMinutes: number): ReadForecaster {
  if (text.length > TEXT_BYTES_MAX) return { kind: "refused", reason: `the state has ${text.length} characters, and ${TEXT_BYTES_MAX} are allowed` };
  const parsed = State.safeParse(parseJson(text));
  if (!parsed.success) return { kind: "refused", reason: `the state is not one of version 1: ${parsed.error.issues[0]?.path.join(".") ?? ""}` };
  if (parsed.data.leadMinutes !== leadMinutes) {
    return { kind: "refused", reason: `the state is for a lead of ${parsed.data.leadMinutes} minutes, and units need ${leadMinutes}` };
  }
  return { kind: "read", state: parsed.data };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
