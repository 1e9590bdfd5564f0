/**
 * An object of history: what one observer saw of one node in a day or an hour, column by column, packed by zstd. Plain before all
 * else are four letters, the version of the layout and the SHA-256 of the rest. Then: node, observer, from, until, number of points;
 * the times, each by how its distance to the one before has changed (the delta of deltas of Gorilla, Pelkonen et al., VLDB 2015,
 * section 4.1.1); number of columns, and of each its name, its encoding, how many gaps it has, and packed: a bit a point where there
 * are gaps, and the numbers.
 *
 * Columns have names, not places: a signal that a later version adds is read by this one, and one it has no more is absent. A column in an
 * encoding that this version does not know is passed over and named. Damage is an answer with a reason and never a wrong number.
 */
import { createHash } from "node:crypto";
import { Damage, fromZigzag, PartReader, PartWriter, toZigzag } from "./column-bytes.ts";
import { GAP, type History, isName } from "./history.ts";
import { COLUMNS_MAX, NAME_CHARACTERS_MAX, OBJECT_BYTES_MAX, POINTS_MAX, WORD_BYTES_MAX } from "./limits.ts";
import { columnBytesMax, decodeNumbers, encodeNumbers, isEncoding } from "./number-columns.ts";

const MAGIC = Buffer.from("SYNH", "ascii");
export const VERSION = 1;
const DIGEST_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 1 + DIGEST_BYTES;
const TIME_BYTES_MAX = 8;
/** Encodings to come have room here. */
const ENCODING_MAX = 255;

export type DamageName = "foreign" | "another-version" | "too-large" | "altered" | "malformed";
/** `passedOver`: columns that only a later version can read. */
export type Decoded =
  | { readonly kind: "read"; readonly history: History; readonly passedOver: readonly string[] }
  | { readonly kind: "damaged"; readonly name: DamageName; readonly reason: string };

/** The same history is the same bytes: columns are written in the order of their names. Throws RangeError above a limit. */
export function encodeHistory({ node, observer, fromMs, untilMs, timesMs, columns }: History): Buffer {
  const body = new PartWriter().word(node).word(observer).number(fromMs).number(untilMs).number(timesMs.length);
  body.packed(timesAsBytes(timesMs, fromMs)).number(columns.size);
  for (const [name, column] of [...columns].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const measured = column.filter((value) => !Number.isNaN(value));
    const gaps = column.length - measured.length;
    const { encoding, bytes } = encodeNumbers(measured);
    body
      .word(name)
      .number(encoding)
      .number(gaps)
      .packed(gaps === 0 ? bytes : Buffer.concat([bitsOf(column), bytes]));
  }
  const object = seal(body.finish());
  if (object.length > OBJECT_BYTES_MAX) throw new RangeError(`an object of history has ${OBJECT_BYTES_MAX} bytes at most, not ${object.length}`);
  return object;
}

/** A body with what stands before it. */
export function seal(body: Uint8Array): Buffer {
  return Buffer.concat([MAGIC, Buffer.from([VERSION]), digestOf(body), body]);
}

/** Never throws, whatever the bytes are. */
export function decodeHistory(bytes: Uint8Array): Decoded {
  const damaged = (name: DamageName, reason: string): Decoded => ({ kind: "damaged", name, reason });
  if (bytes.length > OBJECT_BYTES_MAX) return damaged("too-large", `it has ${bytes.length} bytes; at most ${OBJECT_BYTES_MAX} are read`);
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) return damaged("foreign", "it does not begin as history does");
  const version = bytes[MAGIC.length];
  if (version !== VERSION) return damaged("another-version", `it is of version ${version ?? "none"}; this reads ${VERSION}`);
  const body = bytes.subarray(HEADER_BYTES);
  if (!digestOf(body).equals(bytes.subarray(MAGIC.length + 1, HEADER_BYTES)))
    return damaged("altered", "its checksum is another: bytes were lost or changed");
  try {
    return readBody(body);
  } catch (error) {
    if (error instanceof Damage) return damaged("malformed", error.message);
    throw error;
  }
}

const digestOf = (body: Uint8Array): Buffer => createHash("sha256").update(body).digest();

function readBody(body: Uint8Array): Decoded {
  const reader = new PartReader(body);
  const node = reader.word("the node", WORD_BYTES_MAX);
  const observer = reader.word("the observer", WORD_BYTES_MAX);
  const fromMs = reader.number("its beginning");
  const untilMs = reader.number("its end");
  const count = reader.number("the number of points", POINTS_MAX);
  const timesMs = timesFrom(reader.packed("the times", TIME_BYTES_MAX * count)(), count, { fromMs, untilMs });
  const columns = new Map<string, Float64Array>();
  const passedOver: string[] = [];
  for (let left = reader.number("the number of columns", COLUMNS_MAX); left > 0; left -= 1) {
    const name = reader.word("a column's name", NAME_CHARACTERS_MAX);
    if (!isName(name) || columns.has(name)) throw new Damage(`a column is called ${JSON.stringify(name)}, which is no name or taken`);
    const encoding = reader.number("a column's encoding", ENCODING_MAX);
    const gaps = reader.number("a column's gaps", count);
    const unpack = reader.packed(`the column ${name}`, Math.ceil(count / 8) + columnBytesMax(count));
    if (isEncoding(encoding)) columns.set(name, columnFrom(unpack(), { encoding, gaps, count }));
    else passedOver.push(name);
  }
  reader.end();
  return { kind: "read", history: { node, observer, fromMs, untilMs, timesMs, columns }, passedOver };
}

function columnFrom(bytes: Uint8Array, { encoding, gaps, count }: { encoding: 0 | 1 | 2; gaps: number; count: number }): Float64Array {
  if (gaps === 0) return decodeNumbers(encoding, bytes, count);
  const bits = bytes.subarray(0, Math.ceil(count / 8));
  const numbers = decodeNumbers(encoding, bytes.subarray(bits.length), count - gaps);
  const column = new Float64Array(count).fill(GAP);
  let next = 0;
  for (let index = 0; index < count; index += 1) {
    if (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) column[index] = numbers[next++] ?? GAP;
  }
  if (next !== numbers.length) throw new Damage(`a column marks ${next} points as measured and has ${numbers.length} numbers`);
  return column;
}

/** A bit a point, set where something was measured. */
function bitsOf(column: Float64Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(column.length / 8));
  column.forEach((value, index) => {
    if (!Number.isNaN(value)) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  });
  return bits;
}

function timesAsBytes(timesMs: Float64Array, fromMs: number): Buffer {
  const bytes = new PartWriter();
  let [before, step] = [fromMs, 0];
  for (const atMs of timesMs) {
    bytes.number(toZigzag(atMs - before - step));
    step = atMs - before;
    before = atMs;
  }
  return bytes.finish();
}

function timesFrom(bytes: Uint8Array, count: number, { fromMs, untilMs }: Pick<History, "fromMs" | "untilMs">): Float64Array {
  const reader = new PartReader(bytes);
  const timesMs = new Float64Array(count);
  let [before, step] = [fromMs, 0];
  for (let index = 0; index < count; index += 1) {
    step += fromZigzag(reader.number("a time"));
    before += step;
    if (!(before < untilMs) || before < fromMs || (index > 0 && step <= 0)) throw new Damage(`a time is ${before}, out of its order or its period`);
    timesMs[index] = before;
  }
  reader.end();
  return timesMs;
}
