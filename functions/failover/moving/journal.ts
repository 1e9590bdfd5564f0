/**
 * One line of an incident's journal: in the registry for people, and in the log for whoever searches there. The key holds
 * time, step and kind, so that lines of one millisecond stand side by side instead of over each other.
 */
import type { IncidentId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";

export type Line = {
  readonly step: string;
  readonly kind: string;
  readonly text: string;
  readonly tookMs?: number;
  readonly facts?: Record<string, unknown>;
};

export async function writeJournal(world: World, incident: IncidentId, line: Line): Promise<void> {
  const atMs = world.clock.wallMs();
  const { step, kind, text, tookMs, facts = {} } = line;
  const entry = { incident, atMs, step, kind, text, tookMs: tookMs === undefined ? null : Math.max(0, tookMs), facts };
  world.log.decision({ module: "failover", subject: incident, kind: `${step}.${kind}`, reason: text });
  await world.registry.write("journal", `${incident}/${pad(atMs)}-${step}-${kind}`, entry, "any");
}
