/**
 * What a sweep writes down: everything that is condemned now in this very copy of the vault. The newest counts; earlier ones are removed.
 * S3 copies every object, so the key names the place: what another Region has condemned is not condemned here.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { WallMs } from "../../kernel/ids.ts";

const CONDEMNED_MAX = 1_000_000;
export const SWEEP_BYTES_MAX = 256 * 1024 * 1024;
const PLACE_DIGITS = 16;
const INSTANT_DIGITS = 13;

export const SweepFile = z.strictObject({
  format: z.literal(1),
  atMs: WallMs,
  condemned: z.array(z.strictObject({ key: z.string().max(512), atMs: WallMs })).max(CONDEMNED_MAX),
});
export type SweepFile = z.infer<typeof SweepFile>;

export const sweepPrefix = (place: string): string => `sweeps/${createHash("sha256").update(place).digest("hex").slice(0, PLACE_DIGITS)}/`;
export const sweepKey = (place: string, atMs: number): string => `${sweepPrefix(place)}${String(atMs).padStart(INSTANT_DIGITS, "0")}.json`;
