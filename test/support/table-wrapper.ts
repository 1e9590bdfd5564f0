/** Wraps by a table in memory: what KMS promises, without KMS. What another has wrapped it does not open. */
import { systemEntropy } from "../../adapters/entropy-system.ts";
import type { KeyWrapper } from "../../core/kernel/ports.ts";

const entropy = systemEntropy();

export function tableWrapper(): KeyWrapper {
  const keys = new Map<string, Uint8Array>();
  return {
    keyId: "alias/agents",
    async generate() {
      const wrapped = entropy.bytes(40);
      const plain = entropy.bytes(32);
      keys.set(Buffer.from(wrapped).toString("hex"), plain);
      return { plain, wrapped };
    },
    async unwrap(wrapped) {
      return keys.get(Buffer.from(wrapped).toString("hex")) ?? new Uint8Array(0);
    },
  };
}
