/** A token bucket: `perSecond` on average, `burst` at once. Time is the caller's monotonic milliseconds. */
export type Rate = { readonly perSecond: number; readonly burst: number };
export type Bucket = { take(nowMs: number): boolean; giveBack(): void };

export function tokenBucket({ perSecond, burst }: Rate): Bucket {
  let tokens = burst;
  let atMs: number | undefined;
  return {
    take(nowMs) {
      const elapsedMs = atMs === undefined ? 0 : Math.max(0, nowMs - atMs);
      atMs = nowMs;
      tokens = Math.min(burst, tokens + (elapsedMs * perSecond) / 1_000);
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    /** For what turned out not to be of the kind that is limited. */
    giveBack() {
      tokens = Math.min(burst, tokens + 1);
    },
  };
}
