/** The control plane's own signature under backups of the ledger: its public half, and the private one sealed by the vault's key of one Region. */
import * as z from "zod";
import { PublicKey, RegionName, WallMs } from "./ids.ts";

/** Key: `ledger`. */
export const VaultSigner = z.object({
  publicKey: PublicKey,
  /** As an agent's key file, in base64url. */
  sealed: z.string().max(8_192),
  /** Whose key opens it. */
  region: RegionName,
  madeAtMs: WallMs,
});
export type VaultSigner = z.infer<typeof VaultSigner>;

/** Who writes the ledger's packs and manifests, in keys and manifests. */
export const LEDGER_WRITER = "control-plane";
export const SIGNER_KEY = "ledger";
