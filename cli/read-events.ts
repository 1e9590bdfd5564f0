/**
 * Reads the bus's events as they were kept. Following asks again for what is newer, and looks a little further back each
 * time: two Regions write at once, and an event's time is its sender's, so one may arrive after a later one.
 */
import type { Clock, Registry } from "../core/kernel/ports.ts";
import { type BusEvent, pad } from "../core/kernel/records.ts";

/** Recording an event takes a second or two by EventBridge and a cold start; ten covers a bad one. */
export const LATE_MS = 10_000;
const PAGE = 1_000;
/** A long incident has hundreds of events; a week's feed is not for a terminal. */
export const EVENTS_MAX = 5_000;

export async function eventsBetween(registry: Registry, fromMs: number, untilMs: number, atMost = EVENTS_MAX): Promise<BusEvent[]> {
  const events: BusEvent[] = [];
  const end = pad(untilMs + 1);
  let after: string = pad(fromMs);
  while (events.length < atMost) {
    const page = await registry.list("event", { after, limit: PAGE });
    const inside = page.filter(({ key }) => key < end);
    events.push(...inside.map(({ value }) => value));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE || inside.length < page.length) break;
    after = last.key;
  }
  return inOrder(events).slice(0, atMost);
}

/** The newest ones, oldest first. */
export async function latestEvents(registry: Registry, count: number): Promise<BusEvent[]> {
  const page = await registry.list("event", { limit: Math.min(count, PAGE), newestFirst: true });
  return inOrder(page.map(({ value }) => value));
}

/** An event that EventBridge delivered twice is one event. */
const inOrder = (events: readonly BusEvent[]): BusEvent[] =>
  [...new Map(events.map((event) => [event.id, event])).values()].sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));

/** Hands out each event once, however often and late it is found. */
export function eventFollower(registry: Registry, fromMs: number): { poll(): Promise<BusEvent[]> } {
  const seen = new Set<string>();
  let newestMs = fromMs;
  return {
    async poll() {
      const found = await eventsBetween(registry, Math.max(fromMs, newestMs - LATE_MS), Number.MAX_SAFE_INTEGER / 1_000);
      const fresh = found.filter(({ id }) => !seen.has(id));
      for (const { id } of found) seen.add(id);
      newestMs = found.reduce((newest, { atMs }) => Math.max(newest, atMs), newestMs);
      return fresh;
    },
  };
}

export const FOLLOW_MS = 1_000;

/** Calls `show` with what is new each second until `signal` says stop. */
export async function followEvents(
  given: { registry: Registry; clock: Clock; fromMs: number; signal: AbortSignal },
  show: (events: readonly BusEvent[]) => void,
): Promise<void> {
  const follower = eventFollower(given.registry, given.fromMs);
  while (!given.signal.aborted) {
    const fresh = await follower.poll();
    if (fresh.length > 0) show(fresh);
    await given.clock.sleep(FOLLOW_MS, given.signal);
  }
}
