/** A whole detail for each event of the bus, checked against its published shape. */
import { EVENTS, type EventName } from "../../core/kernel/events.ts";
import { evidenceOf, incidentOf, NOW_MS } from "./rig.ts";

const everything = {
  schema: 1,
  id: "0123456789abcdef",
  fleet: "rehearsal",
  atMs: NOW_MS,
  region: "us-east-1",
  observer: "us-east-1",
  node: "n1",
  role: "primary",
  reason: "because of a test",
  shard: "0",
  owner: "request",
  gapMs: 400,
  evidence: evidenceOf(),
  requestedBy: "anna",
  incident: incidentOf().id,
  from: null,
  expiresAtMs: NOW_MS + 1_000,
  how: "acknowledged",
  fromSlot: 12,
  epoch: 4,
  signed: true,
  slot: 13,
  version: 2,
  status: "resolved",
  mode: "auto",
  setBy: "anna",
  source: "n2.directory",
  run: "0b1c2d3e-n2-directory",
  drill: "drill-20261124",
  sequence: 7,
  height: 4_096,
  sourceBytes: 5_000_000,
  storedBytes: 40_000,
  tookMs: 61_000,
};

/** Fields that mean different things in different events. */
const own: Partial<Record<EventName, Record<string, unknown>>> = {
  "failover.verdict-changed": { to: "dead" },
  "failover.network-state-changed": { from: "live", to: "halted" },
  "failover.role-unheld": { kind: "establish" },
  "failover.requested": { kind: "switchover", to: "n2" },
  "failover.incident-opened": { kind: "failover", to: "n2" },
  "failover.approval-requested": { to: "n2" },
  "backup.failed": { outcome: "failed" },
  "backup.restore-proven": {
    from: "us-west-2",
    rpoSeconds: 61,
    rpoBlocks: 60,
    rtoMs: 48_000,
    restoredBytesPerSecond: 90_000_000,
    caughtUpBlocksPerSecond: null,
  },
  "backup.copies-audited": { copies: [{ region: "us-west-2", status: "complete", lagSeconds: 0, missing: 0, repaired: 0, damaged: 0 }] },
};

export const sampleOf = (name: EventName): Record<string, unknown> => EVENTS[name].parse({ ...everything, ...own[name] }) as Record<string, unknown>;
