/**
 * Audits a vault's Regions against each other and repairs what may be repaired without a person: objects that a Region lacks are
 * copied there from one that has them whole, in any direction. No key of the vault is needed. Nothing is ever replaced or removed,
 * so the audit can run at any time, twice at once, beside backups, sweeps and S3's own replication.
 */
import { ARRIVING_MS, type Differing, decideAudit, type RegionAudit } from "../../core/backup/geographically-distributed-backup/audit.ts";
import type { RepairLimits } from "../../core/backup/geographically-distributed-backup/repair-plan.ts";
import type { RetentionRule } from "../../core/backup/vault/retention.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import { checkDigests } from "./check-digests.ts";
import type { Trust } from "./manifests.ts";
import { repairReplica } from "./repair-replica.ts";
import { Findings, type ListedReplica, listReplica, type Replica, readBackups } from "./replicas.ts";

/** Of one run, for each Region. `digestsMax` objects are read again to see whether they are still what was written. */
export type AuditLimits = RepairLimits & { readonly digestsMax: number };
/** 64 GiB: about two US dollars between Regions, and an hour at 150 Mbit/s. A sample is small, since each Region proves its own copy by itself. */
export const AUDIT_LIMITS: AuditLimits = { keysMax: 10_000, bytesMax: 64 * 1024 ** 3, digestsMax: 4 };

export type AuditGiven = {
  /** The nearest first: what several Regions have is read from the first. */
  readonly stores: readonly Replica[];
  readonly vault: Uint8Array;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly limits: AuditLimits;
  /** How long an object may travel before it is missing; S3's own promise unless told otherwise. */
  readonly arrivingMs?: number;
  /** By which each Region forgets backups; null where none is forgotten. */
  readonly retention: RetentionRule | null;
};
type NewestBackup = { readonly source: string; readonly sequence: number; readonly writtenAtMs: number };
/** As the Region was found; `repaired` is what was done about it, and `left` how many objects a next run is to copy. */
export type RegionReport = {
  readonly region: string;
  readonly status: RegionAudit["kind"];
  readonly reason: string;
  readonly objects: number;
  readonly lagSeconds: number;
  readonly missing: number;
  readonly arriving: number;
  readonly repaired: readonly string[];
  readonly repairedBytes: number;
  readonly left: number;
  readonly digestsChecked: number;
  readonly newestComplete: readonly NewestBackup[];
  readonly faults: readonly string[];
};
export type AuditReport = {
  readonly atMs: number;
  readonly regions: readonly RegionReport[];
  readonly differing: readonly Differing[];
  /** Backups that no restore can bring back from the Regions that answer. */
  readonly lost: readonly string[];
};

export async function auditReplicas(given: AuditGiven): Promise<AuditReport> {
  const { stores, vault, trust, clock, limits, retention } = given;
  const findings = new Findings();
  const listed = (await Promise.all(stores.map((replica) => listReplica(replica, findings)))).filter((copy) => copy !== null);
  const backups = await readBackups(listed, vault, trust, findings);
  const nowMs = clock.wallMs();
  const checked = new Map<string, number>();
  for (const copy of listed) {
    if (findings.silent.has(copy.region)) continue;
    checked.set(copy.region, await checkDigests({ copy, backups, vault, trust, digestsMax: limits.digestsMax, nowMs, findings }));
  }
  const copies = new Map(listed.filter(({ region }) => !findings.silent.has(region)).map((copy) => [copy.region, copy]));
  const listings = stores.map(({ region }) => {
    const copy = copies.get(region);
    if (copy !== undefined) return { region, kind: "listed" as const, objects: copy.objects.values(), damaged: findings.damagedIn(region) };
    return { region, kind: "unreachable" as const, reason: findings.silent.get(region) ?? "it was not listed" };
  });
  const { regions, differing, lost } = decideAudit({ listings, backups, nowMs, arrivingMs: given.arrivingMs ?? ARRIVING_MS, retention, limits });
  const done = new Map<string, Done>();
  for (const audited of regions) {
    const copy = copies.get(audited.region);
    if (audited.kind === "unreachable" || copy === undefined) continue;
    const repaired = await repairReplica({ target: copy, sources: copies, vault, limits, findings }, audited.repairs);
    const digestsChecked = checked.get(audited.region) ?? 0;
    done.set(audited.region, { copy, repaired: repaired.keys, repairedBytes: repaired.bytes, left: repaired.left, digestsChecked });
  }
  return {
    atMs: nowMs,
    regions: regions.map((audited) => reportOf(audited, done.get(audited.region), findings)),
    differing,
    lost: lost.map(({ reason }) => reason),
  };
}

type Done = Pick<RegionReport, "repaired" | "repairedBytes" | "left" | "digestsChecked"> & { readonly copy: ListedReplica };

function reportOf(audited: RegionAudit, done: Done | undefined, findings: Findings): RegionReport {
  const { region, kind: status, reason } = audited;
  const faults = findings.of(region);
  if (audited.kind === "unreachable" || done === undefined) return { ...NOTHING, region, status: "unreachable", reason, faults };
  const { copy, ...work } = done;
  /** It answered when it was listed, and then no more. */
  const silence = findings.silent.get(region);
  return {
    region,
    status,
    reason,
    objects: copy.objects.size,
    lagSeconds: Math.round(audited.lagMs / 1_000),
    missing: audited.missing.length,
    arriving: audited.arriving.length,
    ...work,
    newestComplete: audited.newest.map(({ source, sequence, writtenAtMs }) => ({ source, sequence, writtenAtMs })),
    faults: silence === undefined ? faults : [...faults, silence],
  };
}

const NOTHING = {
  objects: 0,
  lagSeconds: 0,
  missing: 0,
  arriving: 0,
  repaired: [],
  repairedBytes: 0,
  left: 0,
  digestsChecked: 0,
  newestComplete: [],
};
