/** Reads and opens the agent's sealed key as its configuration says. */
import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { signingKeyFrom } from "../adapters/signature-ed25519.ts";
import type { AgentConfig } from "./config.ts";

export type Unlocked = { readonly kind: "unlocked"; readonly privateKey: KeyObject } | { readonly kind: "refused"; readonly reason: string };

/** A passphrase file's trailing line end is the editor's, not the passphrase's. */
export function readPassphrase(path: string): Buffer {
  return Buffer.from(readFileSync(path, "utf8").replace(/\r?\n$/, ""), "utf8");
}

export async function unlockKey(config: Pick<AgentConfig, "key" | "fleet" | "node">): Promise<Unlocked> {
  const { unsealKey } = await import("../adapters/sealed-key.ts");
  const { file, sealedBy } = config.key;
  try {
    const by =
      sealedBy.kind === "passphrase"
        ? ({ kind: "passphrase", passphrase: readPassphrase(sealedBy.file) } as const)
        : ({ kind: "kms", wrapper: await agentKeyWrapper(sealedBy, config) } as const);
    const unsealed = await unsealKey(readFileSync(file), by);
    return unsealed.kind === "unsealed"
      ? { kind: "unlocked", privateKey: signingKeyFrom(unsealed.seed) }
      : { kind: "refused", reason: `${file}: ${unsealed.reason}` };
  } catch (error) {
    return { kind: "refused", reason: `${file} could not be opened: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function agentKeyWrapper(
  { keyId, region, endpoint }: Extract<AgentConfig["key"]["sealedBy"], { kind: "kms" }>,
  { fleet, node }: Pick<AgentConfig, "fleet" | "node">,
) {
  const { agentKeyContext, kmsKeyWrapper } = await import("../adapters/key-wrapper-kms.ts");
  return kmsKeyWrapper({ keyId, region, endpoint, context: agentKeyContext(fleet, node) });
}
