/**
 * Writes and reads the vault's binary objects: whole numbers as LEB128, byte strings with their length or of a fixed one.
 * The reader trusts nothing: each read is checked against what is left, each number against a limit that the caller names,
 * and whatever does not fit ends in `ObjectTruncated` or `ObjectCorrupt`, never in a wrong value.
 */
import { ObjectCorrupt, ObjectTruncated } from "./faults.ts";

/** Numbers stay below 2^53, so 8 groups of 7 bits are enough. */
const VARINT_BYTES_MAX = 8;

export class ByteWriter {
  private buffer: Buffer;
  private used = 0;

  constructor(expectedBytes = 1024) {
    this.buffer = Buffer.allocUnsafe(Math.max(16, expectedBytes));
  }

  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`a whole number from 0 to 2^53 is written, not ${value}`);
    this.reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.used++] = rest;
    return this;
  }

  /** Raw: the reader must know how many. */
  fixed(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
    return this;
  }

  /** With its length before it. */
  bytes(bytes: Uint8Array): this {
    return this.number(bytes.length).fixed(bytes);
  }

  text(text: string): this {
    return this.bytes(Buffer.from(text, "utf8"));
  }

  get length(): number {
    return this.used;
  }

  finish(): Buffer {
    return this.buffer.subarray(0, this.used);
  }

  private reserve(count: number): void {
    if (this.used + count <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.used + count));
    this.buffer.copy(grown, 0, 0, this.used);
    this.buffer = grown;
  }
}

export class ByteReader {
  private at = 0;
  private readonly source: Uint8Array;
  private readonly object: string;

  /** `object` names it in faults. */
  constructor(source: Uint8Array, object: string) {
    this.source = source;
    this.object = object;
  }

  /** `max` inclusive; `what` names the number in a fault. */
  number(what: string, max = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
      const byte = this.source[this.at];
      if (byte === undefined) throw new ObjectTruncated({ object: this.object, reason: `${what} is missing` });
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        // One number has one spelling, or equal contents would differ in bytes.
        if (byte === 0 && index > 0) throw this.corrupt(`${what} is written with needless zeros`);
        if (value > max) throw this.corrupt(`${what} is ${value}, at most ${max} is allowed`);
        return value;
      }
      scale *= 0x80;
    }
    throw this.corrupt(`${what} does not end`);
  }

  /** A view, not a copy. */
  fixed(what: string, length: number): Uint8Array {
    if (this.at + length > this.source.length) {
      throw new ObjectTruncated({ object: this.object, reason: `${what} needs ${length} bytes, ${this.source.length - this.at} are left` });
    }
    const view = this.source.subarray(this.at, this.at + length);
    this.at += length;
    return view;
  }

  bytes(what: string, max: number): Uint8Array {
    return this.fixed(what, this.number(`the length of ${what}`, max));
  }

  text(what: string, max: number): string {
    return Buffer.from(this.bytes(what, max)).toString("utf8");
  }

  get leftBytes(): number {
    return this.source.length - this.at;
  }

  end(): void {
    if (this.leftBytes > 0) throw this.corrupt(`${this.leftBytes} bytes stand after its end`);
  }

  corrupt(reason: string): ObjectCorrupt {
    return new ObjectCorrupt({ object: this.object, reason });
  }
}
