/**
 * A chunk's id: HMAC-SHA-256 of its content under the vault's id key. Equal contents have one id within a vault, so they are
 * stored once; without the key nobody can test whether a vault holds a file they know, and no two vaults share an id.
 */
import { createHmac, type KeyObject } from "node:crypto";

export const ID_BYTES = 32;

export function contentId(idKey: KeyObject, content: Uint8Array): Buffer {
  return createHmac("sha256", idKey).update(content).digest();
}
