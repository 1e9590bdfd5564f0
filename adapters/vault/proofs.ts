/** Reads and writes proofs: which packs were opened whole and when, and which backups were proven entire. */
import { PROOF_BYTES_MAX, PROOF_PREFIX, Proof, proofKey } from "../../core/backup/vault/proof.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { inLanes } from "./in-lanes.ts";
import { listAll, readJson } from "./listing.ts";

/** Small objects: the time goes into waiting for a bucket. */
const AT_ONCE = 8;

export type Proofs = {
  /** When each pack was last opened whole. */
  readonly provenAtMs: ReadonlyMap<string, number>;
  /** `<source>/<sequence>` */
  readonly backups: ReadonlySet<string>;
};

export const backupName = ({ source, sequence }: { source: string; sequence: number }): string => `${source}/${sequence}`;

/** Of what was read in this very copy: S3 carries a home's proofs into the others, where nobody has read anything. */
export async function readProofs(store: VaultStore): Promise<Proofs> {
  const provenAtMs = new Map<string, number>();
  const backups = new Set<string>();
  await inLanes(await Array.fromAsync(listAll(store, PROOF_PREFIX)), AT_ONCE, async ({ key }) => {
    const proof = await readJson(store, key, Proof, PROOF_BYTES_MAX);
    if (proof === null || proof.store !== store.place) return;
    for (const pack of proof.packs) provenAtMs.set(pack, Math.max(proof.atMs, provenAtMs.get(pack) ?? 0));
    for (const backup of proof.backups) backups.add(backup);
  });
  return { provenAtMs, backups };
}

/** Checked before it is written. */
export async function writeProof(store: VaultStore, proof: Readonly<Proof>): Promise<void> {
  await store.put(proofKey(proof), Buffer.from(JSON.stringify(Proof.parse(proof)), "utf8"));
}
