/**
 * Whom a look asks besides thresholds and lines: the live model, if it may speak. The pointer is read at each look. The file is read when the
 * pointer is new to this process and again each tenth look, so that bytes that changed where they lie do not speak for long. What reads
 * and asks a model is loaded by its first use: a fleet without one pays nothing for it.
 */

import type { LiveModel } from "../../../core/kernel/live-model.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Asked } from "./asking-model.ts";
import { type Oracle, silentOracle } from "./oracle.ts";

const LOOKS_BETWEEN_READS = 10;

type Known = { readonly version: string; readonly readAtMs: number; readonly asked: Asked };

const known = new WeakMap<World, Known>();

export async function openOracle(world: World): Promise<Oracle> {
  if (world.models === null) return silentOracle("this function was not told where models are kept");
  const found = await world.registry.read("liveModel", "live");
  const { live, candidates }: LiveModel = found.kind === "found" ? found.value : { live: null, candidates: [] };
  if (live === null) return silentOracle(candidates[0] === undefined ? "none is trained yet" : `none is live: ${candidates[0].reason}`);
  const { openLiveModel, oracleOf } = await import("./asking-model.ts");
  const before = known.get(world);
  const nowMs = world.clock.monotonicMs();
  const everyMs = LOOKS_BETWEEN_READS * world.fleet.policies.prediction.everySeconds * 1_000;
  const isFresh = before?.version === live.version && before.asked.kind === "read" && nowMs - before.readAtMs < everyMs;
  if (before !== undefined && isFresh) return oracleOf(world, live, before.asked);
  const opened = await openLiveModel(world, live);
  /** A bucket that does not answer says nothing against a model that was read whole before. */
  const asked = opened.kind === "unavailable" && before?.version === live.version && before.asked.kind === "read" ? before.asked : opened;
  known.set(world, { version: live.version, readAtMs: nowMs, asked });
  return oracleOf(world, live, asked);
}
