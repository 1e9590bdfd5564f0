/** Randomness from the operating system, fit for nonces and keys. */
import { randomBytes } from "node:crypto";
import type { Entropy } from "../core/kernel/ports.ts";

export function systemEntropy(): Entropy {
  return { bytes: (count) => new Uint8Array(randomBytes(count)) };
}
