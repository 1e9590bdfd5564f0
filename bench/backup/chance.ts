/** Chance that is the same for the same seed, at the speed of a cipher: AES-256-CTR over zeros. */
import { createCipheriv, createHash } from "node:crypto";

const POOL_BYTES = 64 * 1024;

export class Chance {
  private readonly cipher;
  private pool: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(seed: string) {
    this.cipher = createCipheriv("aes-256-ctr", createHash("sha256").update(seed).digest(), Buffer.alloc(16));
  }

  /** As many bytes as asked, however many. */
  many(count: number): Buffer {
    return this.cipher.update(Buffer.alloc(count));
  }

  /** At most 64 KiB, a view that later calls do not change. */
  few(count: number): Buffer {
    if (this.at + count > this.pool.length) {
      this.pool = this.many(POOL_BYTES);
      this.at = 0;
    }
    this.at += count;
    return this.pool.subarray(this.at - count, this.at);
  }

  hex(bytes: number): string {
    return this.few(bytes).toString("hex");
  }

  /** From 0 to `limit` − 1; the limits here are small enough for the remainder's bias not to matter. */
  below(limit: number): number {
    return this.few(4).readUInt32LE(0) % limit;
  }
}
