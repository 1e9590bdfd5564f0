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
/** Who writes a source's backups: the node beside its agent, or the control plane. */
export const writerOf = (source: string): string => (source.endsWith(".ledger") ? LEDGER_WRITER : source.slice(0, source.indexOf(".")));

type Signers = {
  readonly nodes: readonly { readonly id: string; readonly agentKey: string }[];
  readonly formerSigners: readonly { readonly node: string; readonly key: string }[];
  /** Null before the first backup of the ledger. */
  readonly ledger: VaultSigner | null;
};

/** For each writer the keys that may have signed: known from the fleet file and the registry, never from the vault. */
export function signersOfWriters({ nodes, formerSigners, ledger }: Signers): (writer: string) => readonly string[] {
  const keys = new Map<string, string[]>();
  const add = (writer: string, key: string): void => void keys.set(writer, [...(keys.get(writer) ?? []), key]);
  for (const { id, agentKey } of nodes) add(id, agentKey);
  for (const { node, key } of formerSigners) add(node, key);
  if (ledger !== null) add(LEDGER_WRITER, ledger.publicKey);
  return (writer) => keys.get(writer) ?? [];
}
