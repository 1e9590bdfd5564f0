/** Bytes that look random and are the same for the same seed, at the speed of a cipher. */
import { createCipheriv, createHash } from "node:crypto";

export function noise(seed: number | string, length: number): Buffer {
  const key = createHash("sha256").update(`noise ${seed}`).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}
