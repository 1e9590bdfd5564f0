/**
 * Reads a node's history back, object by object, for training and for whoever asks how it was. Each object is checked before a number
 * of it is believed; one that is damaged is named with its reason and is a gap like any other. Bounded in points: who asks for more
 * than fits is told from when to go on.
 */

import { VaultObjectTooLarge } from "../../core/kernel/errors.ts";
import type { HistoryStore } from "../../core/kernel/ports.ts";
import { LIST_LIMIT_MAX } from "../../core/kernel/vault-keys.ts";
import { GAP, type History } from "../../core/prediction/signal-history/history.ts";
import { type DamageName, decodeHistory } from "../../core/prediction/signal-history/history-object.ts";
import { historyPrefix, keyBefore, periodOfKey, type Subject } from "../../core/prediction/signal-history/history-period.ts";
import { OBJECT_BYTES_MAX } from "../../core/prediction/signal-history/limits.ts";

/** A year and more of minutes: with 13 signals, 60 MB. */
export const POINTS_READ_MAX = 600_000;
/** Every hour of more than two years. */
const KEYS_MAX = 20_000;
const AT_ONCE = 8;

export type HistoryAsked = Subject & {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly pointsMax?: number;
  readonly signal?: AbortSignal;
};
export type DamagedObject = { readonly key: string; readonly name: DamageName | "misplaced"; readonly reason: string };
export type HistoryRead = {
  /** From `fromMs` on; before `untilMs`, or before `nextMs` where that is given. */
  readonly history: History;
  readonly damaged: readonly DamagedObject[];
  /** Where to go on, when there were more points than asked for; else null. */
  readonly nextMs: number | null;
};

/** Throws `VaultUnavailable` where the store does not answer. */
export async function readHistory(store: HistoryStore, asked: HistoryAsked): Promise<HistoryRead> {
  const { node, observer, fromMs, untilMs, pointsMax = POINTS_READ_MAX, signal } = asked;
  const keys = await keysWithin(store, asked);
  const parts: History[] = [];
  const damaged: DamagedObject[] = [];
  let [points, lastMs, nextMs] = [0, fromMs - 1, null as number | null];
  for (let at = 0; at < keys.length && nextMs === null; at += AT_ONCE) {
    for (const outcome of await Promise.all(keys.slice(at, at + AT_ONCE).map((key) => readObject(store, key, signal)))) {
      if (nextMs !== null || outcome === null) continue;
      if (outcome.kind === "damaged") {
        damaged.push(outcome);
        continue;
      }
      const part = cropped(outcome.history, lastMs + 1, untilMs);
      const room = pointsMax - points;
      const taken = part.timesMs.length <= room ? part : cropped(part, lastMs + 1, part.timesMs[room] ?? untilMs);
      if (taken !== part) nextMs = part.timesMs[room] ?? null;
      points += taken.timesMs.length;
      lastMs = taken.timesMs.at(-1) ?? lastMs;
      parts.push(taken);
    }
  }
  return { history: { node, observer, fromMs, untilMs: nextMs ?? untilMs, ...joined(parts, points) }, damaged, nextMs };
}

async function keysWithin(store: HistoryStore, { fromMs, untilMs, signal, ...subject }: HistoryAsked): Promise<string[]> {
  const keys: string[] = [];
  let after = keyBefore(subject, fromMs);
  while (keys.length < KEYS_MAX) {
    const page = await store.list(historyPrefix(subject), { after, limit: LIST_LIMIT_MAX, ...(signal === undefined ? {} : { signal }) });
    for (const { key } of page) {
      const period = periodOfKey(key)?.period;
      if (period !== undefined && period.untilMs > fromMs && period.fromMs < untilMs) keys.push(key);
    }
    const last = page.at(-1)?.key;
    const lastFromMs = last === undefined ? untilMs : (periodOfKey(last)?.period.fromMs ?? fromMs);
    if (last === undefined || page.length < LIST_LIMIT_MAX || lastFromMs >= untilMs) return keys;
    after = last;
  }
  throw new RangeError(`${historyPrefix(subject)} has more than ${KEYS_MAX} objects in the time that was asked for`);
}

type Outcome = { readonly kind: "read"; readonly history: History } | ({ readonly kind: "damaged" } & DamagedObject) | null;

/** Null for what was let go meanwhile. */
async function readObject(store: HistoryStore, key: string, signal: AbortSignal | undefined): Promise<Outcome> {
  const got = await store.get(key, { bytesMax: OBJECT_BYTES_MAX, ...(signal === undefined ? {} : { signal }) }).catch((error: unknown) => {
    if (error instanceof VaultObjectTooLarge) return { kind: "too-large" as const, reason: error.message };
    throw error;
  });
  if (got.kind === "absent") return null;
  if (got.kind === "too-large") return { kind: "damaged", key, name: "too-large", reason: got.reason };
  const decoded = decodeHistory(got.bytes);
  if (decoded.kind === "damaged") return { kind: "damaged", key, name: decoded.name, reason: decoded.reason };
  const { history } = decoded;
  const place = periodOfKey(key);
  const isInPlace = place?.node === history.node && place.observer === history.observer && place.period.fromMs === history.fromMs;
  if (isInPlace) return { kind: "read", history };
  return { kind: "damaged", key, name: "misplaced", reason: `it is of ${history.node} as ${history.observer} saw it from ${history.fromMs} on` };
}

/** The points from `fromMs` on and before `untilMs`, as views. */
function cropped(history: History, fromMs: number, untilMs: number): History {
  const { timesMs } = history;
  const begin = timesMs.findIndex((atMs) => atMs >= fromMs);
  const end = timesMs.findIndex((atMs) => atMs >= untilMs);
  const [from, to] = [begin < 0 ? timesMs.length : begin, end < 0 ? timesMs.length : end];
  const columns = new Map([...history.columns].map(([name, column]) => [name, column.subarray(from, to)]));
  return { ...history, timesMs: timesMs.subarray(from, to), columns };
}

function joined(parts: readonly History[], points: number): Pick<History, "timesMs" | "columns"> {
  const timesMs = new Float64Array(points);
  const columns = new Map<string, Float64Array>();
  let at = 0;
  for (const part of parts) {
    timesMs.set(part.timesMs, at);
    for (const [name, column] of part.columns) {
      const whole = columns.get(name) ?? new Float64Array(points).fill(GAP);
      columns.set(name, whole);
      whole.set(column, at);
    }
    at += part.timesMs.length;
  }
  return { timesMs, columns };
}
