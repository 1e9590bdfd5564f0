/** What a drill has proven, from what was measured on the way: by wall clocks of one Region's functions, to the second or so. */
import type { Drill } from "../../kernel/backup-source.ts";

export type Measured = {
  readonly startedAtMs: number;
  readonly restoreMs: number;
  readonly restoredBytes: number;
  readonly bootedAtMs: number;
  readonly bootMs: number;
  readonly caughtUpAtMs: number;
  /** The scratch node's head when it was first seen, and the network's when the drill began. */
  readonly bootedHead: { readonly height: number; readonly timestampS: number };
  readonly caughtUpHeight: number;
  readonly networkHead: { readonly height: number; readonly timestampS: number };
};

export function figuresOf(measured: Measured): NonNullable<Drill["figures"]> {
  const { startedAtMs, restoreMs, restoredBytes, bootedAtMs, bootMs, caughtUpAtMs, bootedHead, caughtUpHeight, networkHead } = measured;
  const catchUpMs = Math.max(0, caughtUpAtMs - bootedAtMs);
  const caughtUpBlocks = Math.max(0, caughtUpHeight - bootedHead.height);
  return {
    rpoSeconds: Math.max(0, networkHead.timestampS - bootedHead.timestampS),
    rpoBlocks: Math.max(0, networkHead.height - bootedHead.height),
    rtoMs: Math.max(0, caughtUpAtMs - startedAtMs),
    restoreMs,
    bootMs,
    catchUpMs,
    restoredBytes,
    restoredBytesPerSecond: perSecond(restoredBytes, restoreMs) ?? 0,
    caughtUpBlocks,
    caughtUpBlocksPerSecond: perSecond(caughtUpBlocks, catchUpMs),
  };
}

const perSecond = (count: number, ms: number): number | null => (ms > 0 ? (count * 1_000) / ms : null);
