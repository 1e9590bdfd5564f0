/** Small valid records, for tests that care about the cell and not about what is in it. */
import { FleetId, incidentId, NodeId, RegionName, RoleName } from "../../core/kernel/ids.ts";
import type { RecordOf } from "../../core/kernel/records.ts";

export const HOME = RegionName.parse("us-east-1");
export const N1 = NodeId.parse("n1");
export const N2 = NodeId.parse("n2");
export const PRIMARY = RoleName.parse("primary");
export const FLEET = FleetId.parse("rehearsal");

export const standingOf = (reason: string): RecordOf<"standing"> => ({ node: N1, standing: "member", sinceMs: 0, incident: null, reason });

export const windowOf = (state: Record<string, unknown>): RecordOf<"window"> => ({ observer: HOME, node: N1, atMs: 0, state });

export const eventOf = (id: string): RecordOf<"event"> => ({ name: "failover.shard-taken", atMs: 0, id, region: HOME, detail: {} });

export const journalOf = (facts: Record<string, unknown>, text = "looked"): RecordOf<"journal"> => ({
  incident: incidentId("primary", 0),
  atMs: 0,
  step: "OpenIncident",
  kind: "looked",
  text,
  tookMs: null,
  facts,
});

export const ledgerOf = (count: number): RecordOf<"failovers"> => ({
  recent: Array.from({ length: count }, (_, index) => ({ role: PRIMARY, incident: incidentId("primary", index), atMs: index, endedAtMs: null })),
});
