/**
 * Says each minute how far each source's backups are behind, as metrics that alarms watch, and asks for those that the clock or the chain
 * calls for. One Region does it, the vault's home: two would ask twice.
 */
import { decideDue, lagOf, newSource } from "../../../core/backup/asynchronous-backup/source.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { sourcesOf, vaultPlaces } from "../../../core/kernel/vault-rules.ts";
import { answeringNodes } from "../answering.ts";
import { finalHeight } from "../working/network-final.ts";

/** After a failure, this long before the next try; less where backups are more frequent than that. */
const RETRY_SECONDS = 600;

export async function measureBackups(world: World): Promise<{ decision: string; reason: string }> {
  const { fleet, region, clock, registry, metrics } = world;
  const policy = fleet.vault?.backups;
  if (policy === undefined || vaultPlaces(fleet)?.home !== region) return { decision: "not-here", reason: "the vault's home does this" };
  const [answering, cells] = await Promise.all([
    answeringNodes(world),
    Promise.all(sourcesOf(fleet).map((source) => registry.read("backupSource", source))),
  ]);
  const finalizedHeight = finalHeight(world, answering);
  const asked: string[] = [];
  let worstSeconds = 0;
  for (const [index, source] of sourcesOf(fleet).entries()) {
    const found = cells[index];
    const cell = found?.kind === "found" ? found.value : newSource(source);
    const lag = lagOf(cell, { nowMs: clock.wallMs(), finalizedHeight });
    /** A source that was never backed up lags by more than anybody allows. */
    const seconds = lag.seconds ?? policy.lagSecondsMax;
    worstSeconds = Math.max(worstSeconds, seconds);
    const node = source.split(".")[0] ?? source;
    metrics.count("BackupLagSeconds", seconds, { node });
    if (lag.blocks !== null) metrics.count("BackupLagBlocks", lag.blocks, { node });
    const due = decideDue(cell, {
      nowMs: clock.wallMs(),
      finalizedHeight,
      everySeconds: policy.everySeconds,
      everyBlocks: policy.everyBlocks ?? null,
      retrySeconds: Math.min(RETRY_SECONDS, policy.everySeconds),
    });
    if (due.kind === "not-due") continue;
    await world.bus.publish("backup.requested", { source, reason: due.reason, requestedBy: "schedule", fullReread: false });
    asked.push(`${source}: ${due.reason}`);
  }
  metrics.count("BackupLagSeconds", worstSeconds);
  return { decision: asked.length > 0 ? "asked" : "nothing-due", reason: asked.join("; ") || `the oldest is ${Math.round(worstSeconds)} s behind` };
}
