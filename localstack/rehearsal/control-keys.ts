/** The control plane's public keys, one a Region, as an operator would copy them into each agent's configuration. */
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { resourceNames } from "../../core/kernel/names.ts";
import { CREDENTIALS } from "../deploy/cdk.ts";

/** SPKI in base64, in the order of `regions`. Throws where a Region's stack has no key. */
export function controlKeys(options: { endpoint: string; fleet: string; regions: readonly string[] }): Promise<string[]> {
  const { endpoint, fleet, regions } = options;
  return Promise.all(
    regions.map(async (region) => {
      const client = new KMSClient({ endpoint, region, credentials: CREDENTIALS });
      try {
        const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: resourceNames(fleet).authorityAlias }));
        if (PublicKey === undefined) throw new Error(`KMS in ${region} gave no public key for fleet ${fleet}`);
        return Buffer.from(PublicKey).toString("base64");
      } finally {
        client.destroy();
      }
    }),
  );
}
