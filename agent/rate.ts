/** A token bucket: `perSecond` on average, `burst` at once. Time is the caller's monotonic milliseconds. */
export function tokenBucket(options: { perSecond: number; burst: number }): (nowMs: number) => boolean {
  let tokens = options.burst;
  let atMs: number | undefined;
  return (nowMs) => {
    const elapsedMs = atMs === undefined ? 0 : Math.max(0, nowMs - atMs);
    atMs = nowMs;
    tokens = Math.min(options.burst, tokens + (elapsedMs * options.perSecond) / 1_000);
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
