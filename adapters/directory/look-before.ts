/**
 * The look at an open file before it is read, taken so that any later write shows in the look after. Two kinds of write would
 * not: one within the same tick of the file system's clock as the write before, and one through a mapped page.
 */
import type { FileHandle } from "node:fs/promises";
import { differences, RACY_NS } from "../../core/backup/directory/changed.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import { codeOf, type NotSeen, type SeenFile, seenFrom, skipFor } from "./see-entry.ts";

export type Interruption = { readonly kind: "changed"; readonly change: string } | NotSeen;

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;
/** Of the times the change time is looked at, which nobody can set. Linux stamps files with the time of its last tick, 10 ms apart at the most (CONFIG_HZ=100); twice that. */
const TICK_MS = 20;
/** Whole seconds: a file system that keeps no fraction. FAT's are two apart. */
const COARSE_TICK_MS = 2_000;

export async function lookBefore(handle: FileHandle, seen: SeenFile, clock: Clock): Promise<SeenFile | Interruption> {
  const nowNs = BigInt(Math.floor(clock.wallMs())) * NS_PER_MS;
  if (seen.stamp.ctimeNs < nowNs - RACY_NS) return seen;
  const refused = await writeBack(handle);
  if (refused !== null) return refused;
  const first = await lookAt(handle);
  if (first.kind === "skipped") return first;
  const tickMs = first.stamp.ctimeNs % NS_PER_S === 0n ? COARSE_TICK_MS : TICK_MS;
  if (first.stamp.ctimeNs < nowNs - BigInt(tickMs) * NS_PER_MS) return first;
  // The same look a tick later cannot share its tick with a write to come; it does not matter what that clock shows.
  await clock.sleep(tickMs);
  const second = await lookAt(handle);
  if (second.kind === "skipped") return second;
  const changes = differences(first.stamp, second.stamp);
  return changes.length === 0 ? second : { kind: "changed", change: changes.join(", ") };
}

/** An open file stays a file. */
export async function lookAt(handle: FileHandle): Promise<SeenFile | NotSeen> {
  const seen = seenFrom(await handle.stat({ bigint: true }));
  if (seen.kind === "file" || seen.kind === "skipped") return seen;
  throw new Error(`an open file cannot become a ${seen.kind}`);
}

/** What cannot be written has nothing to write back. */
const NOTHING_TO_WRITE_BACK = new Set(["EROFS", "EINVAL"]);

/**
 * Linux notes the first write through a mapped page, and no further one until the page is written back. After 35 s that has
 * happened by itself (see `RACY_NS`).
 */
async function writeBack(handle: FileHandle): Promise<NotSeen | null> {
  try {
    await handle.datasync();
    return null;
  } catch (error) {
    return NOTHING_TO_WRITE_BACK.has(codeOf(error)) ? null : skipFor(error);
  }
}
