import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { statusOf, WATCHER_STALE_MS } from "../../cli/facts/fleet-status.ts";
import { nodeRowsOf } from "../../cli/facts/node-rows.ts";
import { plain } from "../../cli/render/paint.ts";
import { advice, renderStatus } from "../../cli/render/status.ts";
import { offset, sinceMs, span } from "../../cli/render/time.ts";
import { NetworkState } from "../../core/kernel/node.ts";
import { AWAY, exampleFleet, HOME, incidentOf, leaseOf, NOW_MS, node, PRIMARY } from "./rig.ts";

const fleet = exampleFleet();
const slots = fleet.chain.slots;
const slotNow = slots.kind === "time" ? Math.floor((NOW_MS / 1_000 - slots.genesisTime) / slots.seconds) : 0;
const setting = { fleetName: "rehearsal", fleet, registryName: "memory", nowMs: NOW_MS };
const healthyLease = leaseOf({ throughSlot: slotNow + 9 });
const shardOf = (observer: typeof HOME, beatAgeMs: number, network: NetworkState = "live") => ({
  observer,
  shard: "0",
  owner: "request",
  processId: 1,
  epoch: 7,
  nodes: [node("n1")],
  tookAtMs: NOW_MS - 30_000,
  beatAtMs: NOW_MS - beatAgeMs,
  network,
});
const nothing = { leases: [], modes: [], roleIncidents: [], incidents: new Map(), shards: [], ledger: { recent: [] } };
const well = { ...nothing, leases: [healthyLease], shards: [shardOf(HOME, 400), shardOf(AWAY, 1_200)] };

describe("a fleet's status", () => {
  it("has no advice where all is well, and some wherever a role is not held", () => {
    expect(advice(statusOf(well, setting))).toEqual([]);
    fc.assert(
      fc.property(fc.constantFrom([], [leaseOf({ ...healthyLease, state: "revoking" })], [leaseOf({ throughSlot: slotNow - 5 })]), (leases) => {
        expect(advice(statusOf({ ...well, leases }, setting)).join()).toContain("primary");
      }),
    );
  });

  it("never calls a role held by a lease that was written in another table", () => {
    const [role] = statusOf({ ...well, leases: [leaseOf({ ...healthyLease, registry: "restored" })] }, setting).roles;
    expect(role?.state).toBe("unheld");
    expect(role?.note).toContain("restored");
  });

  it("never takes a stale watcher's word for the network, and of fresh ones the worst", () => {
    const states = fc.constantFrom(...NetworkState.options);
    const age = fc.integer({ min: 0, max: 2 * WATCHER_STALE_MS });
    fc.assert(
      fc.property(fc.tuple(states, age), fc.tuple(states, age), ([one, oneAge], [two, twoAge]) => {
        const said = statusOf({ ...nothing, shards: [shardOf(HOME, oneAge, one), shardOf(AWAY, twoAge, two)] }, setting).network;
        const fresh = [oneAge <= WATCHER_STALE_MS ? one : null, twoAge <= WATCHER_STALE_MS ? two : null];
        const worst = (["partitioned", "halted", "live"] as const).find((state) => fresh.includes(state));
        expect(said).toBe(worst ?? "unknown");
      }),
    );
  });

  it("names the Region that nobody watches from, and the runbook", () => {
    const status = statusOf({ ...well, shards: [shardOf(HOME, 400), shardOf(AWAY, WATCHER_STALE_MS + 1)] }, setting);
    expect(status.unwatchedFrom).toEqual([AWAY]);
    expect(advice(status).join()).toMatch(/us-west-2.*docs\/operations\.md/);
  });

  it("counts only the last hour's failovers against the budget", () => {
    const entry = (agoMs: number) => ({ role: PRIMARY, incident: incidentOf().id, atMs: NOW_MS - agoMs, endedAtMs: NOW_MS - agoMs });
    const status = statusOf({ ...well, ledger: { recent: [entry(3_600_001), entry(3_599_000), entry(1_000)] } }, setting);
    expect(status.budget).toMatchObject({ lastHour: 2, perHourMax: 20, spent: false });
  });

  it("shows a person who must decide what to type", () => {
    const { id } = incidentOf();
    const roleIncidents = [{ role: PRIMARY, open: id, last: null }];
    const status = statusOf({ ...well, roleIncidents, incidents: new Map([[id as string, "awaiting-approval" as const]]) }, setting);
    expect(renderStatus(plain, status)).toContain("`ha approve primary`");
  });
});

describe("nodes' rows", () => {
  const ids = ["n1", "n2", "n3", "n4"];
  const rowsOf = (heads: readonly number[]) => {
    const measured = new Map(ids.map((id, index) => [id, { head: heads[index] ?? null, atMs: NOW_MS }]));
    return nodeRowsOf(ids, fleet, { verdicts: [], standings: [], leases: [healthyLease], heads: measured }, NOW_MS);
  };

  it("lag is the same for everybody else, however far one rogue node runs ahead", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 3, maxLength: 3 }), fc.integer({ min: 1, max: 1e6 }), (heads, ahead) => {
        const top = Math.max(...heads);
        const lags = rowsOf([top + ahead, ...heads]).map(({ lagBlocks }) => lagBlocks);
        expect(lags).toEqual([0, ...heads.map((head) => top - head)]);
      }),
    );
  });

  it("a node that was asked and did not answer has no head, whatever its last verdict said", () => {
    const heads = new Map([["n1", { head: null, atMs: NOW_MS }]]);
    const [row] = nodeRowsOf(["n1"], fleet, { verdicts: [], standings: [], leases: [healthyLease], heads }, NOW_MS);
    expect(row).toMatchObject({ head: null, lagBlocks: null, holds: [{ role: "primary", epoch: 3 }] });
  });
});

describe("times", () => {
  it("a span is never off by more than half of its last unit", () => {
    const size: Record<string, number> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => {
        const parts = span(ms).split(" ");
        const told = parts.reduce(
          (sum, part, index) => (index % 2 === 0 ? sum + Number(part) * (size[parts[index + 1] ?? ""] ?? Number.NaN) : sum),
          0,
        );
        const last = size[parts.at(-1) ?? ""] ?? Number.NaN;
        /** A whole larger unit leaves its zero of the smaller one out. */
        const smaller = last === 86_400_000 ? 3_600_000 : last === 3_600_000 ? 60_000 : 1_000;
        expect(Math.abs(told - ms)).toBeLessThanOrEqual(Math.max(smaller, parts.length === 2 ? smaller : last) / 2);
      }),
    );
  });

  it("an offset tells before from after", () => {
    expect([offset(3_420), offset(-300), offset(0), offset(-1)]).toEqual(["+3.42 s", "-0.30 s", "+0.00 s", "+0.00 s"]);
  });

  it("takes a span or an instant in UTC for --since, and nothing that each machine would read differently", () => {
    expect(sinceMs("15m", NOW_MS)).toBe(NOW_MS - 900_000);
    expect(sinceMs("2026-11-24T19:00:00Z", NOW_MS)).toBe(Date.UTC(2026, 10, 24, 19));
    expect([sinceMs("yesterday", NOW_MS), sinceMs("2026-11-24T19:00:00", NOW_MS), sinceMs("", NOW_MS)]).toEqual([null, null, null]);
  });
});
