/**
 * Proof of what is stored, kept pack by pack, so that proving costs what is new and a share of what is old: each run opens the packs
 * that were never opened and the longest unopened of the others, so many that none is older than the period.
 */
import * as z from "zod";
import { WallMs } from "../../kernel/ids.ts";

const PACKS_MAX = 200_000;
export const PROOF_BYTES_MAX = 32 * 1024 * 1024;
export const PROOF_PREFIX = "proofs/";
const INSTANT_DIGITS = 13;

/** One run's: which packs were whole, when, where and by whom. Packs by their names, which are their digests. */
export const Proof = z.strictObject({
  format: z.literal(1),
  atMs: WallMs,
  by: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  /** The copy that was read: a bucket, or a folder. */
  store: z.string().max(4_096),
  packs: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(PACKS_MAX),
  /** Backups all of whose packs were proven then, as `<source>/<sequence>`. */
  backups: z.array(z.string().max(100)).max(10_000),
});
export type Proof = z.infer<typeof Proof>;

/** Sorted by time; two runs of one prover in one millisecond are one. */
export const proofKey = ({ atMs, by }: Pick<Proof, "atMs" | "by">): string =>
  `${PROOF_PREFIX}${String(atMs).padStart(INSTANT_DIGITS, "0")}-${by}.json`;

export type VerificationPlan = {
  readonly packs: readonly string[];
  /** So many of them, the first, cannot be left for the next run. */
  readonly urgent: number;
  readonly neverProven: number;
  readonly again: number;
  readonly bytes: number;
  readonly reason: string;
};

type Facts = {
  readonly packs: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** When each was last proven; absent where never. */
  readonly provenAtMs: ReadonlyMap<string, number>;
  readonly nowMs: number;
  /** Everything is proven again within this. */
  readonly periodMs: number;
  /** The time until the next run. */
  readonly everyMs: number;
  /** When this run began: what it has opened itself since then it does not open again. */
  readonly sinceMs?: number;
};

/**
 * The oldest proofs first, as many bytes as keep the pace: with the bytes B of proven packs, a period P and a run every E, a run
 * opens B · E / P of them, and in any case those whose proof would be older than P before the next run.
 */
export function planVerification({ packs, provenAtMs, nowMs, periodMs, everyMs, sinceMs = Number.POSITIVE_INFINITY }: Facts): VerificationPlan {
  const never = packs.filter(({ name }) => !provenAtMs.has(name));
  const proven = packs
    .filter(({ name }) => provenAtMs.has(name))
    .toSorted((left, right) => (provenAtMs.get(left.name) ?? 0) - (provenAtMs.get(right.name) ?? 0) || (left.name < right.name ? -1 : 1));
  const shareBytes = sumOf(proven) * Math.min(1, everyMs / periodMs);
  const again: { name: string; sizeBytes: number }[] = [];
  let bytes = 0;
  let urgent = never.length;
  for (const pack of proven) {
    const openedAtMs = provenAtMs.get(pack.name) ?? 0;
    const isDue = nowMs + everyMs - openedAtMs > periodMs;
    if (openedAtMs >= sinceMs || (!isDue && bytes >= shareBytes)) break;
    if (isDue) urgent += 1;
    again.push(pack);
    bytes += pack.sizeBytes;
  }
  const reason = `${never.length} packs were never opened, ${again.length} of ${proven.length} others are opened again`;
  return {
    packs: [...never, ...again].map(({ name }) => name),
    urgent,
    neverProven: never.length,
    again: again.length,
    bytes: sumOf(never) + bytes,
    reason,
  };
}

const sumOf = (packs: readonly { sizeBytes: number }[]): number => packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
