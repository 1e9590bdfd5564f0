/** Keeps the newest state that a holder's agent gives, verified, so that a successor finds it when the holder is gone. */
import { isOlder, judgeCheckpoint } from "../../../core/failover/stateful-failover/checkpoint.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { RoleName } from "../../../core/kernel/ids.ts";
import { freshReport, isDue, launch, type Watcher } from "./watcher.ts";

/** Each slot makes a new checkpoint; one in five seconds bounds what it costs, and what may be lost. */
const KEEP_EVERY_MS = 5_000;
const FETCH_TIMEOUT_MS = 3_000;

export function keepCheckpoints(watcher: Watcher): void {
  for (const { lease } of watcher.leases.values()) {
    const holder = watcher.shard.nodes.find(({ id }) => id === lease?.holder);
    if (!lease || !holder || lease.state !== "held") continue;
    const offered = freshReport(watcher, holder.id)?.report.checkpoint;
    if (!offered || offered.role !== lease.role || watcher.checkpointsKept.get(lease.role) === offered.sha256) continue;
    if (isDue(watcher, `checkpoint ${lease.role}`, KEEP_EVERY_MS))
      launch(watcher, `keeping the checkpoint of ${lease.role}`, () => keep(watcher, lease.role, holder));
  }
}

async function keep(watcher: Watcher, role: RoleName, holder: FleetNode): Promise<void> {
  const { agents, registry, log } = watcher.world;
  const answer = await agents.call<"checkpoint">(holder, { kind: "checkpoint", role }, { timeoutMs: FETCH_TIMEOUT_MS });
  if (answer.kind !== "answered" || answer.reply.checkpoint === null) return;
  const stored = await registry.read("checkpoint", role);
  const adopted = stored.kind === "found" ? stored.value : null;
  const judged = judgeCheckpoint(answer.reply.checkpoint, { role, adopted });
  if (judged.kind === "refused") return log.warn(`the checkpoint that ${holder.id} gave for ${role} is not kept`, { reason: judged.reason });
  watcher.checkpointsKept.set(role, judged.checkpoint.sha256);
  // The other Region has kept this very one already.
  if (adopted && !isOlder(adopted, judged.checkpoint)) return;
  await registry.write("checkpoint", role, judged.checkpoint, stored.kind === "found" ? stored.revision : "absent");
}
