/**
 * Data keys from a symmetric KMS key. The encryption context binds a wrapped key to its purpose and its node: KMS opens it
 * for nothing else, and CloudTrail names the node with each use.
 */
import type { KeyWrapper } from "./sealed-key.ts";

/** An agent starts with its host, when the network may still be coming up. */
const KMS_TIMEOUT_MS = 10_000;

export function kmsKeyWrapper(options: {
  keyId: string;
  fleet: string;
  node: string;
  region?: string | undefined;
  endpoint?: string | undefined;
}): KeyWrapper {
  const context = { purpose: "synnergy-ha/agent-key", fleet: options.fleet, node: options.node };

  async function load() {
    const kms = await import("@aws-sdk/client-kms");
    const client = new kms.KMSClient({
      maxAttempts: 3,
      ...(options.region === undefined ? {} : { region: options.region }),
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
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
