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
};

/** Fields that mean different things in different events. */
const own: Partial<Record<EventName, Record<string, unknown>>> = {
  "failover.verdict-changed": { to: "dead" },
  "failover.network-state-changed": { from: "live", to: "halted" },
  "failover.role-unheld": { kind: "establish" },
  "failover.requested": { kind: "switchover", to: "n2" },
  "failover.incident-opened": { kind: "failover", to: "n2" },
  "failover.approval-requested": { to: "n2" },
};

export const sampleOf = (name: EventName): Record<string, unknown> => EVENTS[name].parse({ ...everything, ...own[name] }) as Record<string, unknown>;
