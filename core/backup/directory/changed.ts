/**
 * Whether a file that the previous backup holds must be read again. Reused only when nothing that the file system says of it
 * has changed and when that could not have stayed the same over a change; every doubt reads, since a read too many costs
 * time and a read too few a backup that is wrong and looks right.
 */
import type { Stamp } from "./entry.ts";

export type Reread = { readonly kind: "reuse" | "read"; readonly reason: string };

/**
 * "Racily clean" (git, Documentation/technical/racy-git): a file written again within the same tick of the file system's clock
 * as its last read has the same stamp with other bytes. A stamp is believed only when it was this old as that backup began.
 * Ticks are 2 s at the coarsest (FAT). A minute also covers a file server's clock that runs a little off, and Linux's delay in
 * noting a write through a mapped page: the page's second write is noted only after a write-back, which comes within 35 s
 * (dirty_expire_centisecs and dirty_writeback_centisecs as they are by default).
 */
export const RACY_NS = 60_000_000_000n;

/** `before` is the stamp that the previous backup stored, whose reading began at `previousStartedAtNs` of the wall clock. */
export function decideReread(facts: { before: Stamp | null; now: Stamp; fullReread: boolean; previousStartedAtNs: bigint }): Reread {
  const { before, now, fullReread, previousStartedAtNs } = facts;
  if (before === null) return { kind: "read", reason: "the previous backup does not have it" };
  if (fullReread) return { kind: "read", reason: "everything is read again in this backup" };
  const changed = differences(before, now);
  if (changed.length > 0) return { kind: "read", reason: `changed since the previous backup: ${changed.join(", ")}` };
  const believedNs = previousStartedAtNs - RACY_NS;
  // Both, since not every file system has a change time of its own.
  if (now.mtimeNs >= believedNs || now.ctimeNs >= believedNs) {
    return { kind: "read", reason: "was written too shortly before the previous backup for its times to tell a later change" };
  }
  return { kind: "reuse", reason: "size, times and inode are those of the previous backup" };
}

/**
 * The fields that differ, in words. The device is not among them: its number changes with a reboot or with the snapshot that
 * is read, and would then have everything read again.
 */
export function differences(before: Stamp, now: Stamp): string[] {
  return [
    ...(before.sizeBytes === now.sizeBytes ? [] : [`size from ${before.sizeBytes} to ${now.sizeBytes} bytes`]),
    ...(before.mtimeNs === now.mtimeNs ? [] : ["modification time"]),
    ...(before.ctimeNs === now.ctimeNs ? [] : ["change time"]),
    ...(before.inode === now.inode ? [] : ["inode"]),
  ];
}
