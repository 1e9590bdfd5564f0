/**
 * Audits the copies of a vault from what is listed in each Region: what a Region lacks, for how long, what is to be copied there
 * and from where, and what differs. It works in every direction: a home that was lost and made anew is repaired from a copy.
 *
 * Lag is the age of the oldest object that another Region has and this one lacks, from when the first Region stored it. What is
 * younger than S3 promises to take is on its way and is left to S3. A pack that no manifest names yet counts for its first day:
 * a first backup may run for hours, and a sweep takes nothing that young, so it can only be missing because it never arrived.
 *
 * An object that is not what a manifest says is never copied, and never copied over: a person decides about it.
 */
import type { VaultObject } from "../../kernel/ports.ts";
import type { RetentionRule } from "../vault/retention.ts";
import { copyOf, decideCompleteness, firstOf, holds, type Needs, newestComplete } from "./completeness.ts";
import { decideRegion, type Lacking } from "./region.ts";
import { planRepairs, type Repair, type RepairLimits } from "./repair-plan.ts";
import { firstStored, REPLICATED_PREFIXES, type RegionCopy } from "./wanted.ts";

/** S3's replication time control answers for 15 minutes. */
export const ARRIVING_MS = 900_000;

export type Listing =
  | { readonly region: string; readonly kind: "listed"; readonly objects: Iterable<VaultObject>; readonly damaged: ReadonlySet<string> }
  | { readonly region: string; readonly kind: "unreachable"; readonly reason: string };
export type AuditFacts = {
  readonly listings: readonly Listing[];
  /** Every backup whose manifest was read whole in some Region, each once. */
  readonly backups: readonly Needs[];
  readonly nowMs: number;
  readonly arrivingMs: number;
  /** What a Region may have forgotten on purpose; null where nothing is ever forgotten. */
  readonly retention: RetentionRule | null;
  readonly limits: RepairLimits;
};
type Unreachable = { readonly kind: "unreachable"; readonly region: string; readonly reason: string };
type Audited = Lacking & {
  readonly kind: "complete" | "behind" | "missing-objects";
  readonly region: string;
  readonly reason: string;
  readonly lagMs: number;
  readonly repairs: readonly Repair[];
  /** Of each source the newest backup that is complete here. */
  readonly newest: readonly Needs[];
};
export type RegionAudit = Unreachable | Audited;
export type Differing = { readonly key: string; readonly sizes: readonly { readonly region: string; readonly sizeBytes: number }[] };
export type Audit = {
  readonly regions: readonly RegionAudit[];
  readonly differing: readonly Differing[];
  /** Backups of which something is in no Region that answers. */
  readonly lost: readonly { readonly needs: Needs; readonly reason: string }[];
};

export function decideAudit(facts: AuditFacts): Audit {
  const { backups } = facts;
  const isReplicated = ({ key }: VaultObject) => REPLICATED_PREFIXES.some((prefix) => key.startsWith(prefix));
  const copies = facts.listings.flatMap((listing): RegionCopy[] =>
    listing.kind === "unreachable" ? [] : [{ region: listing.region, ...copyOf([...listing.objects].filter(isReplicated), listing.damaged) }],
  );
  const firstMs = firstStored(copies);
  const lost = backups.flatMap((needs) => {
    const reason = lossOf(needs, copies);
    return reason === null ? [] : [{ needs, reason }];
  });
  const lostOnes = new Set(lost.map(({ needs }) => needs));
  const regions = facts.listings.map((listing): RegionAudit => {
    const here = copies.find(({ region }) => region === listing.region);
    if (listing.kind === "unreachable" || here === undefined) return listing as Unreachable;
    const others = copies.filter((copy) => copy !== here);
    return describe(here, decideRegion({ ...facts, here, others, lost: lostOnes, firstMs }), facts);
  });
  return { regions, differing: differingOf(copies), lost };
}

function describe(here: RegionCopy, lacking: Lacking, { backups, limits, nowMs }: AuditFacts): Audited {
  const { wanted, missing, arriving, damaged, nowhere, unvouched, oldestMs } = lacking;
  const sources = [...new Set(backups.map(({ source }) => source))];
  const newest = sources.flatMap((source) => newestComplete(source, backups, here) ?? []);
  const lagMs = oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs);
  const faults = [
    ...(missing.length > 0 ? [`${missing.length} objects that its backups need are not there (${firstOf(missing)})`] : []),
    ...(nowhere.length > 0 ? [`${nowhere.length} are neither there nor in any other Region that answers (${firstOf(nowhere)})`] : []),
    ...(damaged.length > 0 ? [`${damaged.length} are there and are not what the backups say (${firstOf(damaged)})`] : []),
    ...(unvouched.length > 0 ? [`${firstOf(unvouched)} is in another Region and was not copied, as no backup that belongs here names it`] : []),
  ];
  const onTheWay = `${arriving.length} objects are on their way, the oldest for ${Math.round(lagMs / 1_000)} s`;
  const common = { ...lacking, region: here.region, lagMs, repairs: planRepairs(lacking.lacks, limits), newest };
  if (faults.length > 0) return { ...common, kind: "missing-objects", reason: faults.join("; ") };
  if (arriving.length > 0) return { ...common, kind: "behind", reason: onTheWay };
  return { ...common, kind: "complete", reason: `all ${wanted} backups are there with all that they name` };
}

/** Null where all Regions together have the whole of it. */
function lossOf(needs: Needs, copies: readonly RegionCopy[]): string | null {
  /** Most often one Region has everything, and that is told without a list. */
  if (copies.some((copy) => decideCompleteness(needs, copy).kind === "complete")) return null;
  const gone = [...needs.objects, needs.manifest].filter((needed) => !copies.some((copy) => holds(copy, needed)));
  const keys = gone.map(({ key }) => key);
  if (!copies.some(({ keyrings }) => (keyrings.at(-1) ?? 0) >= needs.keyring)) keys.push(`a keyring from ${needs.keyring} on`);
  if (keys.length === 0) return null;
  return `backup ${needs.sequence} of ${needs.source} is whole in no Region that answers: ${keys.length} of its objects are lost (${firstOf(keys)})`;
}

function differingOf(copies: readonly RegionCopy[]): Differing[] {
  const keys = new Set(copies.flatMap(({ objects }) => [...objects.keys()]));
  return [...keys].flatMap((key) => {
    const sizes = copies.flatMap(({ region, objects }) => {
      const object = objects.get(key);
      return object === undefined ? [] : [{ region, sizeBytes: object.sizeBytes }];
    });
    return sizes.some(({ sizeBytes }) => sizeBytes !== sizes[0]?.sizeBytes) ? [{ key, sizes }] : [];
  });
}
