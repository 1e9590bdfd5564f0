/**
 * The key by which the ledger's manifests are signed: made once, sealed by the home Region's vault key under a context of its own, and
 * kept in the registry with its public half, by which every Region judges those manifests. Whoever can open the vault's keyring, as an
 * agent can, cannot open this.
 */
import type { KeyObject } from "node:crypto";
import { sealKey, unsealKey } from "../../../adapters/sealed-key.ts";
import { newSigningKey, publicKeyOf, seedOf, signingKeyFrom } from "../../../adapters/signature-ed25519.ts";
import { AuthorityUnavailable } from "../../../core/kernel/errors.ts";
import { RegionName } from "../../../core/kernel/ids.ts";
import type { FleetVault, World } from "../../../core/kernel/ports.ts";
import { SIGNER_KEY } from "../../../core/kernel/vault-signer.ts";

export async function ledgerSigner(world: World, vault: FleetVault): Promise<KeyObject> {
  const by = { kind: "kms", wrapper: vault.signerWrapper() } as const;
  const found = await world.registry.read("vaultSigner", SIGNER_KEY);
  if (found.kind === "found") {
    const unsealed = await unsealKey(Buffer.from(found.value.sealed, "base64url"), by);
    if (unsealed.kind === "unsealed") return signingKeyFrom(unsealed.seed);
    throw new AuthorityUnavailable({ action: `open the ledger's signing key, sealed in ${found.value.region}`, cause: unsealed.reason });
  }
  const privateKey = newSigningKey();
  const sealed = Buffer.from(await sealKey(seedOf(privateKey), by, world.entropy)).toString("base64url");
  const [home] = vault.places;
  const made = { publicKey: publicKeyOf(privateKey), sealed, region: RegionName.parse(home?.region), madeAtMs: world.clock.wallMs() };
  const written = await world.registry.write("vaultSigner", SIGNER_KEY, made, "absent");
  // Somebody else made one meanwhile: theirs is the one.
  return written.kind === "written" ? privateKey : await ledgerSigner(world, vault);
}
