/**
 * How a fleet is, read from its registry: the roles and who holds them, who watches, what the network does, how much of the
 * failover budget is left. Gathering and judging are apart: `statusOf` is pure. Its result is what `ha status --json` prints.
 */
import type { Fleet } from "../../core/kernel/fleet.ts";
import type { IncidentStatus } from "../../core/kernel/incident.ts";
import type { Lease } from "../../core/kernel/lease.ts";
import type { Mode } from "../../core/kernel/mode.ts";
import type { NetworkState } from "../../core/kernel/node.ts";
import type { Clock, Registry } from "../../core/kernel/ports.ts";
import type { RecordOf } from "../../core/kernel/records.ts";
import { slotAt, slotStartMs } from "../../core/kernel/slots.ts";
import { LIST_MAX } from "../names.ts";

/** A watcher beats every 5 s and is relieved each minute without a gap: three missed beats are no hiccup. */
export const WATCHER_STALE_MS = 15_000;
const HOUR_MS = 3_600_000;

export type RoleStatus = {
  readonly role: string;
  readonly holder: string | null;
  readonly epoch: number;
  readonly state: "held" | "revoking" | "unheld" | "lapsed";
  /** Why `state` is what it is, where that is worth a sentence. */
  readonly note: string | null;
  readonly fromSlot: number | null;
  readonly throughSlot: number | null;
  /** Until the last granted slot ends, by this machine's clock; null where slots are not time. */
  readonly grantedForMs: number | null;
  readonly heldForMs: number | null;
  readonly mode: Mode | null;
  readonly modeSetBy: string | null;
  readonly openIncident: { readonly id: string; readonly status: IncidentStatus } | null;
  readonly lastIncident: { readonly id: string; readonly status: IncidentStatus } | null;
};
export type WatcherStatus = {
  readonly observer: string;
  readonly shard: string;
  readonly nodeCount: number;
  readonly beatAgeMs: number;
  readonly fresh: boolean;
  readonly network: NetworkState;
};
export type Budget = {
  readonly lastHour: number;
  readonly perHourMax: number | null;
  readonly underWay: number;
  readonly atOnceMax: number | null;
  readonly spent: boolean;
};
export type FleetStatus = {
  readonly schema: 1;
  readonly fleet: string;
  readonly atMs: number;
  readonly slot: number | null;
  readonly network: NetworkState;
  readonly roles: readonly RoleStatus[];
  readonly watchers: readonly WatcherStatus[];
  /** Observers of the fleet file that no fresh watcher speaks for. */
  readonly unwatchedFrom: readonly string[];
  readonly budget: Budget;
};

export type StatusRecords = {
  readonly leases: readonly Lease[];
  readonly modes: readonly RecordOf<"roleMode">[];
  readonly roleIncidents: readonly RecordOf<"roleIncident">[];
  readonly incidents: ReadonlyMap<string, IncidentStatus>;
  readonly shards: readonly RecordOf<"shard">[];
  readonly ledger: RecordOf<"failovers">;
};

export async function readStatus(given: { registry: Registry; fleetName: string; fleet: Fleet | null; clock: Clock }): Promise<FleetStatus> {
  const { registry } = given;
  const [leases, modes, roleIncidents, shards, ledger] = await Promise.all([
    registry.list("lease", { limit: LIST_MAX }),
    registry.list("roleMode", { limit: LIST_MAX }),
    registry.list("roleIncident", { limit: LIST_MAX }),
    registry.list("shard", { limit: LIST_MAX }),
    registry.read("failovers", "all"),
  ]);
  const open = roleIncidents.flatMap(({ value }) => value.open ?? []);
  const found = await Promise.all(open.map((id) => registry.read("incident", id)));
  const records: StatusRecords = {
    leases: leases.map(({ value }) => value),
    modes: modes.map(({ value }) => value),
    roleIncidents: roleIncidents.map(({ value }) => value),
    incidents: new Map(found.flatMap((one) => (one.kind === "found" ? [[one.value.id, one.value.status]] : []))),
    shards: shards.map(({ value }) => value),
    ledger: ledger.kind === "found" ? ledger.value : { recent: [] },
  };
  return statusOf(records, { fleetName: given.fleetName, fleet: given.fleet, registryName: registry.name, nowMs: given.clock.wallMs() });
}

type Setting = { fleetName: string; fleet: Fleet | null; registryName: string; nowMs: number };

export function statusOf(records: StatusRecords, setting: Setting): FleetStatus {
  const { fleet, nowMs } = setting;
  const names = fleet?.roles.map((role) => role.name as string) ?? records.leases.map((lease) => lease.role as string);
  const watchers = records.shards.map((shard) => watcherOf(shard, nowMs)).toSorted((a, b) => (a.observer + a.shard < b.observer + b.shard ? -1 : 1));
  const watching = new Set(watchers.filter(({ fresh }) => fresh).map(({ observer }) => observer));
  return {
    schema: 1,
    fleet: setting.fleetName,
    atMs: nowMs,
    slot: fleet?.chain.slots.kind === "time" ? slotAt(fleet.chain.slots, nowMs) : null,
    network: networkOf(watchers),
    roles: names.map((name) => roleOf(name, records, setting)),
    watchers,
    unwatchedFrom: (fleet?.regions.observers ?? []).filter((region) => !watching.has(region)),
    budget: budgetOf(records.ledger, fleet, nowMs),
  };
}

function roleOf(name: string, records: StatusRecords, { fleet, registryName, nowMs }: Setting): RoleStatus {
  const lease = records.leases.find(({ role }) => role === name);
  const set = records.modes.find(({ role }) => role === name);
  const incident = records.roleIncidents.find(({ role }) => role === name);
  const open = incident?.open ?? null;
  const slots = fleet?.chain.slots;
  const grantedForMs = lease && slots?.kind === "time" ? slotStartMs(slots, lease.throughSlot + 1) - nowMs : null;
  return {
    role: name,
    holder: lease?.holder ?? null,
    epoch: lease?.epoch ?? 0,
    ...stateOf(lease, registryName, grantedForMs),
    fromSlot: lease?.fromSlot ?? null,
    throughSlot: lease?.throughSlot ?? null,
    grantedForMs,
    heldForMs: lease ? Math.max(0, nowMs - lease.takenAtMs) : null,
    mode: set?.mode ?? fleet?.roles.find((role) => role.name === name)?.mode ?? null,
    modeSetBy: set?.setBy ?? null,
    openIncident: open === null ? null : { id: open, status: records.incidents.get(open) ?? "open" },
    lastIncident: incident?.last ? { id: incident.last.id, status: incident.last.status } : null,
  };
}

function stateOf(lease: Lease | undefined, registryName: string, grantedForMs: number | null): Pick<RoleStatus, "state" | "note"> {
  if (!lease) return { state: "unheld", note: "no lease was ever written" };
  if (lease.registry !== registryName)
    return { state: "unheld", note: `its lease was written in ${lease.registry}, not in ${registryName}: it is not trusted` };
  if (lease.state === "revoking") {
    return {
      state: "revoking",
      note: lease.revocation?.cleared ? "the old holder is fenced; a successor may take it" : "the old holder is being fenced",
    };
  }
  if (grantedForMs !== null && grantedForMs <= 0) return { state: "lapsed", note: "nobody renews it: no slot is granted any more" };
  return { state: "held", note: null };
}

const watcherOf = (shard: RecordOf<"shard">, nowMs: number): WatcherStatus => {
  const beatAgeMs = Math.max(0, nowMs - shard.beatAtMs);
  const { observer, network } = shard;
  return { observer, shard: shard.shard, nodeCount: shard.nodes.length, beatAgeMs, fresh: beatAgeMs <= WATCHER_STALE_MS, network };
};

/** What the fresh watchers agree on; where they differ, the worst that one of them says, since that one may see more. */
function networkOf(watchers: readonly WatcherStatus[]): NetworkState {
  const said = watchers.filter(({ fresh }) => fresh).map(({ network }) => network);
  return (["partitioned", "halted", "live"] as const).find((state) => said.includes(state)) ?? "unknown";
}

function budgetOf(ledger: RecordOf<"failovers">, fleet: Fleet | null, nowMs: number): Budget {
  const policy = fleet?.policies.failover;
  const lastHour = ledger.recent.filter(({ atMs }) => nowMs - atMs < HOUR_MS).length;
  const underWay = ledger.recent.filter(
    ({ endedAtMs, atMs }) => endedAtMs === null && (policy === undefined || nowMs - atMs < policy.incidentOpenSecondsMax * 1_000),
  ).length;
  const spent = policy !== undefined && (lastHour >= policy.perHourMax || underWay >= policy.atOnceMax);
  return { lastHour, perHourMax: policy?.perHourMax ?? null, underWay, atOnceMax: policy?.atOnceMax ?? null, spent };
}
