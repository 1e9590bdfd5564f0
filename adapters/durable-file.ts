/**
 * One small JSON document that survives kill −9 and power loss at any byte. A write goes to a new file, is flushed, renamed
 * over the old one, and the folder is flushed: a reader finds the last acknowledged document or a later one, never a part.
 * Each document carries a counter that only grows, a digest (which tells a torn file) and a keyed digest (which tells one
 * that somebody has edited). A file that is missing, torn or edited is reported as such and never read as "empty".
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type * as z from "zod";
import { faultsOf } from "../core/kernel/errors.ts";

export type Loaded<T> =
  | { readonly kind: "loaded"; readonly value: T; readonly counter: number }
  | { readonly kind: "missing" }
  | { readonly kind: "damaged"; readonly reason: string };
export type Saved = { readonly kind: "saved"; readonly counter: number } | { readonly kind: "damaged"; readonly reason: string };

export interface DurableFile<T> {
  /** Reads the file again, whatever is held in memory. */
  load(): Loaded<T>;
  /** Returns once the document is on the disk. `damaged`: another process has written meanwhile, or the file was swapped. */
  save(value: T): Saved;
}

const MAGIC = "synnergy-ha-store/1";
/** Unless told otherwise. 32 roles at 200 bytes are 6 KB; ten times that is a fault. */
const STORE_BYTES_MAX = 64 * 1024;

export function durableFile<S extends z.ZodType>(options: {
  path: string;
  shape: S;
  secret: Uint8Array;
  bytesMax?: number;
}): DurableFile<z.infer<S>> {
  const { path, shape, bytesMax = STORE_BYTES_MAX } = options;
  const macKey = Buffer.from(hkdfSync("sha256", options.secret, new Uint8Array(), MAGIC, 32));
  const temporary = join(dirname(path), `.${basename(path)}.next`);
  /** What this process knows to be on the disk; undefined until the first load or save. */
  let known: { text: string | undefined; counter: number } | undefined;

  function load(): Loaded<z.infer<S>> {
    const text = readText(path);
    if (text === undefined) {
      known = { text, counter: 0 };
      return { kind: "missing" };
    }
    const read = decode(text, macKey);
    if (read.kind === "damaged") return { kind: "damaged", reason: `${path} ${read.reason}` };
    const parsed = shape.safeParse(read.body);
    if (!parsed.success) return { kind: "damaged", reason: `${path} is not in this version's shape: ${faultsOf(parsed.error).join("; ")}` };
    known = { text, counter: read.counter };
    return { kind: "loaded", value: parsed.data, counter: read.counter };
  }

  function save(value: z.infer<S>): Saved {
    if (known === undefined) throw new Error(`${path} must be loaded before it is saved, so that its counter goes on`);
    if (readText(path) !== known.text) {
      return { kind: "damaged", reason: `${path} was changed or removed by something other than this process` };
    }
    const counter = known.counter + 1;
    const text = encode(counter, value, macKey);
    if (text.length > bytesMax) throw new RangeError(`${path} would have ${text.length} bytes; ${bytesMax} is the limit`);
    writeFlushed(temporary, text);
    renameSync(temporary, path);
    flushFolder(dirname(path));
    known = { text, counter };
    return { kind: "saved", counter };
  }

  return { load, save };
}

function encode(counter: number, body: unknown, macKey: Buffer): string {
  const content = `${MAGIC}\n${JSON.stringify({ counter, body })}\n`;
  return `${content}sha256 ${digestOf(content)}\nhmac ${macOf(content, macKey)}\n`;
}

type Decoded = { kind: "decoded"; counter: number; body: unknown } | { kind: "damaged"; reason: string };

function decode(text: string, macKey: Buffer): Decoded {
  const lines = text.split("\n");
  const [magic, document, digestLine, macLine, end] = lines;
  if (magic !== MAGIC || document === undefined || digestLine === undefined || macLine === undefined || end !== "" || lines.length !== 5) {
    return { kind: "damaged", reason: "is torn: it does not have the lines of a whole document" };
  }
  const content = `${magic}\n${document}\n`;
  if (digestLine !== `sha256 ${digestOf(content)}`) return { kind: "damaged", reason: "is torn: its digest does not fit its content" };
  const expected = Buffer.from(`hmac ${macOf(content, macKey)}`);
  const found = Buffer.from(macLine);
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    return { kind: "damaged", reason: "was edited, or belongs to another agent's key: its keyed digest does not fit" };
  }
  // Keyed and whole, hence ours: the two fields are there.
  const { counter, body } = JSON.parse(document) as { counter: number; body: unknown };
  return { kind: "decoded", counter, body };
}

function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function macOf(content: string, key: Buffer): string {
  return createHmac("sha256", key).update(content).digest("hex");
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function writeFlushed(path: string, text: string): void {
  rmSync(path, { force: true });
  const file = openSync(path, "wx", 0o600);
  try {
    const bytes = Buffer.from(text, "utf8");
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A rename is durable only when its folder is. */
export function flushFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
