/**
 * What every registry agrees on, whatever holds it: which keys exist, what a body may contain, how large it may be,
 * when it expires, and that nothing leaves unparsed. The memory fake and DynamoDB share these lines, so that a value
 * that one refuses is refused by the other.
 */
import { faultsOf, InputInvalid, RegistryCorrupt } from "../core/kernel/errors.ts";
import { RECORDS, type RecordKind, type RecordOf } from "../core/kernel/records.ts";

/** DynamoDB's limit for a sort key. Keys are printable ASCII, so bytes are characters and every store sorts alike. */
const KEY_BYTES_MAX = 1_024;
const KEY = /^[\x20-\x7e]+$/;

/**
 * DynamoDB refuses an item above 400 KiB, names and keys included. A body's JSON text is never shorter than what DynamoDB
 * counts for it (quotes and commas outweigh its own overhead), so 4 KiB aside for keys and attributes keeps the item legal.
 */
export const BODY_BYTES_MAX = (400 - 4) * 1_024;

/** DynamoDB nests 32 deep; the body itself is one of the levels. */
const DEPTH_MAX = 31;

export const LIST_ITEMS_MAX = 1_000;

const DAY_S = 86_400;
/** Two weeks: the last incident's surroundings are still there when somebody comes back from a holiday. */
export const KEEP_S = 14 * DAY_S;
/** A detector's window is worth nothing once the node has been unwatched for a day. */
const LIFE_S: Partial<Record<RecordKind, number>> = { event: KEEP_S, vitals: KEEP_S, window: DAY_S };

export const isTransient = (kind: RecordKind): boolean => RECORDS[kind].transient;

/** Null for what is kept for ever. */
export function expiresAtS(kind: RecordKind, nowMs: number): number | null {
  const life = isTransient(kind) ? (LIFE_S[kind] ?? KEEP_S) : null;
  return life === null ? null : Math.floor(nowMs / 1_000) + life;
}

export const partitionOf = (fleet: string, kind: RecordKind): string => `${fleet}#${kind}`;

export function checkKey(kind: RecordKind, key: string): void {
  if (KEY.test(key) && key.length <= KEY_BYTES_MAX) return;
  throw new InputInvalid({
    where: `the key of a ${kind}`,
    faults: [`found ${JSON.stringify(key)}; allowed are 1 to ${KEY_BYTES_MAX} printable ASCII characters`],
  });
}

/** The keys between which a listing looks, both inclusive, or null where there can be none; `after` itself is left to be skipped. */
export function listBounds(options: { prefix?: string; after?: string; newestFirst?: boolean }): { low: string; high: string } | null {
  const { prefix = "", after } = options;
  const low = prefix === "" ? " " : prefix;
  /** DEL sorts above every character that a key may have. */
  const high = `${prefix}\x7f`;
  if (after === undefined || after === "") return { low, high };
  if (after > high) return options.newestFirst ? { low, high } : null;
  if (after < low) return options.newestFirst ? null : { low, high };
  return options.newestFirst ? { low, high: after } : { low: after, high };
}

export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIST_ITEMS_MAX) return;
  throw new InputInvalid({ where: "a listing's limit", faults: [`found ${limit}; allowed are whole numbers from 1 to ${LIST_ITEMS_MAX}`] });
}

/** The body as plain JSON values, exactly as it will be read back. Refuses what could not be. */
export function encodeBody<K extends RecordKind>(kind: K, key: string, value: RecordOf<K>): { body: Record<string, unknown>; text: string } {
  const where = `the ${kind} ${key} to be written`;
  const parsed = RECORDS[kind].shape.safeParse(value);
  if (!parsed.success) throw new InputInvalid({ where, faults: faultsOf(parsed.error) });
  const unstorable = unstorableIn(parsed.data, "", 0);
  if (unstorable !== null) throw new InputInvalid({ where, faults: [unstorable] });
  const text = JSON.stringify(parsed.data);
  const bytes = Buffer.byteLength(text);
  if (bytes > BODY_BYTES_MAX) throw new InputInvalid({ where, faults: [`found ${bytes} bytes; at most ${BODY_BYTES_MAX} fit into one item`] });
  return { body: JSON.parse(text) as Record<string, unknown>, text };
}

/** Free-form parts (a journal's facts, an event's detail) may hold values that a store would change or refuse: say which. */
function unstorableIn(value: unknown, path: string, depth: number): string | null {
  const at = path === "" ? "body" : path;
  if (depth > DEPTH_MAX) return `${at}: nested more than ${DEPTH_MAX} deep`;
  if (typeof value === "number" && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return `${at}: found ${value}; numbers are kept up to 2^53 - 1`;
  /** DynamoDB's numbers end at 1e-130; nothing we measure comes near. */
  if (typeof value === "number" && value !== 0 && Math.abs(value) < 1e-120) return `${at}: found ${value}; the smallest number kept is 1e-120`;
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol")
    return `${at}: found a ${typeof value}; only JSON is kept`;
  if (typeof value !== "object" || value === null) return null;
  for (const [name, part] of Object.entries(value)) {
    if (name === "") return `${at}: found an empty name`;
    const fault = unstorableIn(part, path === "" ? name : `${path}.${name}`, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

export function decodeBody<K extends RecordKind>(kind: K, key: string, body: unknown): RecordOf<K> {
  const parsed = RECORDS[kind].shape.safeParse(body);
  if (!parsed.success) throw new RegistryCorrupt({ kind, key, faults: faultsOf(parsed.error) });
  return parsed.data as RecordOf<K>;
}
