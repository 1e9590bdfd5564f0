/** What a sweep writes down: everything that is condemned now. The newest counts; earlier ones are removed. */
import * as z from "zod";
import { WallMs } from "../../kernel/ids.ts";

const CONDEMNED_MAX = 1_000_000;
export const SWEEP_BYTES_MAX = 256 * 1024 * 1024;
export const SWEEP_PREFIX = "sweeps/";
const INSTANT_DIGITS = 13;

export const SweepFile = z.strictObject({
  format: z.literal(1),
  atMs: WallMs,
  condemned: z.array(z.strictObject({ key: z.string().max(512), atMs: WallMs })).max(CONDEMNED_MAX),
});
export type SweepFile = z.infer<typeof SweepFile>;

export const sweepKey = (atMs: number): string => `${SWEEP_PREFIX}${String(atMs).padStart(INSTANT_DIGITS, "0")}.json`;
