/** A vault's objects in memory, for tests: it passes the same contract as the folder and the bucket. */
import { VaultObjectTooLarge } from "../core/kernel/errors.ts";
import type { Clock, VaultStore } from "../core/kernel/ports.ts";
import { refuseKey, refuseLimit } from "../core/kernel/vault-keys.ts";

export function memoryVault(clock: Pick<Clock, "wallMs">, name = "memory"): VaultStore {
  const objects = new Map<string, { bytes: Buffer; modifiedMs: number }>();
  return {
    name,
    place: name,
    async put(key, bytes, options) {
      refuseKey(key);
      options?.signal?.throwIfAborted();
      if (objects.has(key)) return { kind: "exists" };
      objects.set(key, { bytes: Buffer.from(bytes), modifiedMs: clock.wallMs() });
      return { kind: "written" };
    },
    async get(key, { bytesMax, range, into, signal }) {
      refuseKey(key);
      signal?.throwIfAborted();
      const object = objects.get(key);
      if (object === undefined) return { kind: "absent" };
      const part = range === undefined ? object.bytes : object.bytes.subarray(range.offset, range.offset + range.length);
      if (part.length > bytesMax) throw new VaultObjectTooLarge({ vault: name, key, sizeBytes: part.length, bytesMax });
      if (into === undefined) return { kind: "found", bytes: Buffer.from(part) };
      into.set(part);
      return { kind: "found", bytes: Buffer.from(into.buffer, into.byteOffset, part.length) };
    },
    async list(prefix, { after, limit, signal }) {
      refuseLimit(limit);
      signal?.throwIfAborted();
      return [...objects]
        .filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after))
        .toSorted(([left], [right]) => (left < right ? -1 : 1))
        .slice(0, limit)
        .map(([key, { bytes, modifiedMs }]) => ({ key, sizeBytes: bytes.length, modifiedMs }));
    },
    async extendLock(key) {
      refuseKey(key);
    },
    async remove(key) {
      refuseKey(key);
      objects.delete(key);
    },
  };
}
