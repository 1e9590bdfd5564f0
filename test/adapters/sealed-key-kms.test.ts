/** The same two promises with KMS itself (the emulator's): keys are wrapped, and a session is delegated. */
import { CreateKeyCommand, GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { beforeAll, describe, expect, test } from "vitest";
import { kmsAuthority } from "../../adapters/authority-kms.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { agentKeyContext, kmsKeyWrapper } from "../../adapters/key-wrapper-kms.ts";
import { sealKey, unsealKey } from "../../adapters/sealed-key.ts";
import { holdsTheAuthorityContract } from "../support/authority-contract.ts";
import { useEmulator } from "../support/emulator.ts";

const aws = useEmulator();
let client: KMSClient;
beforeAll(() => {
  client = new KMSClient({ endpoint: aws.endpoint, region: "us-east-1" });
});

describe("a key sealed by KMS", () => {
  test("opens with the KMS key that sealed it", async () => {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
    const wrapper = kmsKeyWrapper({
      keyId: KeyMetadata?.KeyId ?? "",
      context: agentKeyContext("testnet", "n1"),
      region: "us-east-1",
      endpoint: aws.endpoint,
    });
    const seed = systemEntropy().bytes(32);
    const file = await sealKey(seed, { kind: "kms", wrapper }, systemEntropy());
    const unsealed = await unsealKey(file, { kind: "kms", wrapper });
    expect(unsealed.kind === "unsealed" && Buffer.from(unsealed.seed).equals(seed)).toBe(true);
  });
});

holdsTheAuthorityContract("KMS", async (options) => {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }));
  const keyId = KeyMetadata?.KeyId ?? "";
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  return {
    authority: kmsAuthority({ ...options, keyId, region: "us-east-1", endpoint: aws.endpoint }),
    publicKey: Buffer.from(PublicKey ?? []).toString("base64"),
  };
});
