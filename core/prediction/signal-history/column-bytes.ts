/**
 * Writes and reads the parts of an object of history: whole numbers as LEB128, signed ones in zigzag, words with their length, and
 * compressed parts with both lengths. The reader trusts nothing: what does not fit ends in `Damage`, never in a wrong value.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Small parts, written once and read for a year: the level at which zstd stops getting better. */
const LEVEL = 19;
const VARINT_BYTES_MAX = 8;

/** Caught where an object is decoded; it leaves as a value. */
export class Damage extends Error {
  override readonly name = "Damage";
}

export const toZigzag = (value: number): number => (value >= 0 ? 2 * value : -2 * value - 1);
export const fromZigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

export class PartWriter {
  private readonly parts: Uint8Array[] = [];
  private numbers: number[] = [];

  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`a whole number from 0 to 2^53 is written, not ${value}`);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.numbers.push((rest % 0x80) | 0x80);
    this.numbers.push(rest);
    return this;
  }

  fixed(bytes: Uint8Array): this {
    this.parts.push(Uint8Array.from(this.numbers), bytes);
    this.numbers = [];
    return this;
  }

  word(text: string): this {
    const bytes = Buffer.from(text, "utf8");
    return this.number(bytes.length).fixed(bytes);
  }

  packed(bytes: Uint8Array): this {
    const packed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
    return this.number(bytes.length).number(packed.length).fixed(packed);
  }

  finish(): Buffer {
    return Buffer.concat([...this.parts, Uint8Array.from(this.numbers)]);
  }
}

export class PartReader {
  private at = 0;
  private readonly source: Uint8Array;
  constructor(source: Uint8Array) {
    this.source = source;
  }

  /** `max` inclusive. */
  number(what: string, max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
      const byte = this.source[this.at++];
      if (byte === undefined) throw new Damage(`it ends before ${what}`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > max) throw new Damage(`${what} is ${value}; at most ${max} is allowed`);
        return value;
      }
      scale *= 0x80;
    }
    throw new Damage(`${what} does not end`);
  }

  fixed(what: string, length: number): Uint8Array {
    if (this.at + length > this.source.length) throw new Damage(`it ends within ${what}`);
    this.at += length;
    return this.source.subarray(this.at - length, this.at);
  }

  word(what: string, bytesMax: number): string {
    return Buffer.from(this.fixed(what, this.number(`the length of ${what}`, bytesMax))).toString("utf8");
  }

  /** Answers how to unpack it, so that a part that nobody can read is passed over at no cost. */
  packed(what: string, bytesMax: number): () => Uint8Array {
    const unpackedBytes = this.number(`the unpacked length of ${what}`, bytesMax);
    const packed = this.fixed(what, this.number(`the packed length of ${what}`));
    return () => unpack(packed, unpackedBytes, what);
  }

  end(): void {
    if (this.at < this.source.length) throw new Damage(`${this.source.length - this.at} bytes stand after its end`);
  }
}

/** Never more memory than was said. */
function unpack(packed: Uint8Array, unpackedBytes: number, what: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = zstdDecompressSync(packed, { maxOutputLength: Math.max(1, unpackedBytes) });
  } catch (cause) {
    throw new Damage(`${what} cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (bytes.length !== unpackedBytes) throw new Damage(`${what} has ${bytes.length} bytes where ${unpackedBytes} were promised`);
  return bytes;
}
