/**
 * Data keys from a symmetric KMS key. The encryption context binds a wrapped key to its purpose and its owner: KMS opens it
 * for nothing else, and CloudTrail names the owner with each use.
 */
import type { KeyWrapper } from "../core/kernel/ports.ts";
import type { CurrentCredentials } from "./vault-s3-calls.ts";

/** An agent starts with its host, when the network may still be coming up. */
const KMS_TIMEOUT_MS = 10_000;

export function kmsKeyWrapper(options: {
  keyId: string;
  context: Readonly<Record<string, string>>;
  region?: string | undefined;
  endpoint?: string | undefined;
  /** Else what the SDK finds in its environment. */
  credentials?: CurrentCredentials | undefined;
}): KeyWrapper {
  const context = { ...options.context };

  async function load() {
    const kms = await import("@aws-sdk/client-kms");
    const client = new kms.KMSClient({
      maxAttempts: 3,
      ...(options.region === undefined ? {} : { region: options.region }),
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    });
    return { kms, client };
  }

  return {
    keyId: options.keyId,
    async generate() {
      const { kms, client } = await load();
      const command = new kms.GenerateDataKeyCommand({ KeyId: options.keyId, KeySpec: "AES_256", EncryptionContext: context });
      const reply = await client.send(command, { abortSignal: AbortSignal.timeout(KMS_TIMEOUT_MS) });
      if (reply.Plaintext === undefined || reply.CiphertextBlob === undefined) throw new Error("KMS answered without a data key");
      return { plain: reply.Plaintext, wrapped: reply.CiphertextBlob };
    },
    async unwrap(wrapped) {
      const { kms, client } = await load();
      // The configured key and no other: a header cannot choose the key that opens it.
      const command = new kms.DecryptCommand({ KeyId: options.keyId, CiphertextBlob: wrapped, EncryptionContext: context });
      const reply = await client.send(command, { abortSignal: AbortSignal.timeout(KMS_TIMEOUT_MS) });
      if (reply.Plaintext === undefined) throw new Error("KMS answered without the data key");
      return reply.Plaintext;
    },
  };
}

/** The context of an agent's own key. */
export const agentKeyContext = (fleet: string, node: string) => ({ purpose: "synnergy-ha/agent-key", fleet, node }) as const;
