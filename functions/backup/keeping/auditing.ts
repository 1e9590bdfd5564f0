/** Compares the vault's copies, repairs what did not arrive, and says of each Region how it stands: as an event, and as metrics that alarms watch. */
import * as z from "zod";
import { AUDIT_LIMITS, auditReplicas, type RegionReport } from "../../../adapters/vault/audit-replicas.ts";
import { RegionName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { vaultOf } from "../agent-job.ts";
import { openKeyring } from "../keyring.ts";
import { signersOf } from "../signers.ts";

const DAY_MS = 86_400_000;
const SENTENCE_MAX = 2_000;

export const AuditInput = z.object({
  /** How long an object may travel before it is copied by the audit; 0 copies at once, for a run by hand. */
  arrivingSeconds: z.int().min(0).max(86_400).default(900),
});

export async function auditCopies(
  world: World,
  { arrivingSeconds }: z.infer<typeof AuditInput>,
): Promise<{ decision: string; reason: string; regions: readonly RegionReport[] }> {
  const vault = await vaultOf(world);
  const regions = vault.places.map(({ region }) => region);
  const keep = world.fleet.vault?.backups?.keep;
  const { keyring } = await openKeyring(vault, regions);
  const report = await auditReplicas({
    stores: regions.map((region) => ({ region, store: vault.store(region) })),
    vault: keyring.vault,
    trust: await signersOf(world),
    clock: world.clock,
    limits: AUDIT_LIMITS,
    arrivingMs: arrivingSeconds * 1_000,
    retention: keep === undefined ? null : { countMin: keep.count, ageMs: keep.days * DAY_MS },
  });
  const copies = report.regions.map((each) => ({
    region: RegionName.parse(each.region),
    status: each.status,
    lagSeconds: each.lagSeconds,
    missing: each.missing,
    repaired: each.repaired.length,
    damaged: each.faults.length,
  }));
  /** What a repair has mended is complete again; what it left, what is damaged and who does not answer need a person. */
  const incomplete = report.regions.filter(({ status, left, faults }) => status === "unreachable" || left > 0 || faults.length > 0);
  world.metrics.count("CopiesIncomplete", incomplete.length + report.lost.length);
  world.metrics.count("CopyLagSeconds", Math.max(0, ...copies.map(({ lagSeconds }) => lagSeconds)));
  const reason = [...report.lost, ...report.regions.map((each) => sentenceOf(each))].join("; ").slice(0, SENTENCE_MAX);
  await world.bus.publish("backup.copies-audited", { copies, reason });
  return { decision: incomplete.length === 0 && report.lost.length === 0 ? "complete" : "incomplete", reason, regions: report.regions };
}

function sentenceOf({ region, reason, repaired, left, faults }: RegionReport): string {
  const mended = repaired.length === 0 ? "" : `, ${repaired.length} objects were copied there now${left > 0 ? `, ${left} are left` : ""}`;
  return `${region}: ${reason}${mended}${faults.length === 0 ? "" : `; ${faults.join("; ")}`}`;
}
