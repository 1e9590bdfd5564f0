/**
 * The fleet's nodes, a row each: what every observer says of it, how far its head is, what it holds, whether automation counts
 * on it. `nodeRowsOf` is pure; its result is what `ha nodes --json` prints.
 */
import type { Fleet } from "../../core/kernel/fleet.ts";
import type { Lease } from "../../core/kernel/lease.ts";
import type { Verdict, VerdictKind } from "../../core/kernel/node.ts";
import type { Clock, Nodes, Registry } from "../../core/kernel/ports.ts";
import type { Standing } from "../../core/kernel/records.ts";
import { LIST_MAX } from "../names.ts";

/** Vitals are written each minute at the latest every five; beyond, a height says nothing of now. */
const VITALS_MS = 300_000;
/** A node beside us answers within a few milliseconds; the feed must not wait for one that hangs. */
const PROBE_MS = 700;

export type NodeVerdict = {
  readonly observer: string;
  readonly kind: VerdictKind;
  readonly confirmed: boolean;
  readonly forMs: number;
  readonly reason: string;
};
export type NodeRow = {
  readonly node: string;
  readonly zone: string | null;
  readonly region: string | null;
  readonly client: string | null;
  readonly head: number | null;
  readonly headAgeMs: number | null;
  /** Behind the second-highest head, so that one rogue ahead makes nobody late. */
  readonly lagBlocks: number | null;
  readonly verdicts: readonly NodeVerdict[];
  readonly standing: Standing["standing"];
  readonly standingReason: string | null;
  readonly holds: readonly { readonly role: string; readonly epoch: number }[];
  readonly memberOf: readonly string[];
};

/** `head: null` is "was asked and did not answer". */
export type Head = { readonly head: number | null; readonly atMs: number };
export type NodeRecords = {
  readonly verdicts: readonly Verdict[];
  readonly standings: readonly Standing[];
  readonly leases: readonly Lease[];
  readonly heads: ReadonlyMap<string, Head>;
};

export async function readNodeRows(given: { registry: Registry; fleet: Fleet | null; clock: Clock; nodes: Nodes | null }): Promise<NodeRow[]> {
  const { registry, fleet, clock, nodes } = given;
  const [verdicts, standings, leases] = await Promise.all([
    registry.list("verdict", { limit: LIST_MAX }),
    registry.list("standing", { limit: LIST_MAX }),
    registry.list("lease", { limit: LIST_MAX }),
  ]);
  const known = verdicts.map(({ value }) => value);
  const ids = fleet?.nodes.map((node) => node.id as string) ?? [...new Set(known.map((verdict) => verdict.node as string))];
  const heads = fleet !== null && nodes !== null ? await probeHeads(fleet, nodes, clock) : await recordedHeads(registry, known, clock.wallMs());
  const records = { verdicts: known, standings: standings.map(({ value }) => value), leases: leases.map(({ value }) => value), heads };
  return nodeRowsOf(ids, fleet, records, clock.wallMs());
}

async function probeHeads(fleet: Fleet, nodes: Nodes, clock: Clock): Promise<Map<string, Head>> {
  const probed = await Promise.all(
    fleet.nodes.map(async (node): Promise<[string, Head]> => {
      const probe = await nodes.probe(node, { referenceHeight: null, timeoutMs: PROBE_MS });
      return [node.id, { head: probe.kind === "answered" ? probe.head.height : null, atMs: clock.wallMs() }];
    }),
  );
  return new Map(probed);
}

/** The newest vitals of each node, by any observer that ever judged it. */
async function recordedHeads(registry: Registry, verdicts: readonly Verdict[], nowMs: number): Promise<Map<string, Head>> {
  const newest = verdicts.map(({ node, observer }) => registry.list("vitals", { prefix: `${node}/${observer}/`, limit: 1, newestFirst: true }));
  const fresh = (await Promise.all(newest)).flat().filter(({ value }) => value.atMs >= nowMs - VITALS_MS);
  return new Map(fresh.map(({ value }): [string, Head] => [value.node, value]).toSorted(([, a], [, b]) => a.atMs - b.atMs));
}

export function nodeRowsOf(ids: readonly string[], fleet: Fleet | null, records: NodeRecords, nowMs: number): NodeRow[] {
  const heads = new Map(ids.map((id) => [id, headOf(id, records)]));
  const known = [...heads.values()].flatMap((head) => head?.head ?? []);
  const reference = known.toSorted((a, b) => b - a)[1] ?? known[0] ?? null;
  return ids.map((id) => {
    const declared = fleet?.nodes.find((node) => node.id === id);
    const head = heads.get(id) ?? null;
    const standing = records.standings.find((each) => each.node === id);
    return {
      node: id,
      zone: declared?.zone ?? null,
      region: declared?.region ?? null,
      client: declared?.client ?? null,
      head: head?.head ?? null,
      headAgeMs: head === null ? null : Math.max(0, nowMs - head.atMs),
      lagBlocks: head?.head == null || reference === null ? null : Math.max(0, reference - head.head),
      verdicts: records.verdicts.filter((verdict) => verdict.node === id).map((verdict) => verdictOf(verdict, nowMs)),
      standing: standing?.standing ?? "member",
      standingReason: standing?.reason ?? null,
      holds: records.leases.filter((lease) => lease.holder === id && lease.state === "held").map(({ role, epoch }) => ({ role, epoch })),
      memberOf: (fleet?.roles ?? []).filter((role) => role.members.some((member) => member === id)).map((role) => role.name),
    };
  });
}

/** What was measured, else what the newest verdict says: verdicts are written at transitions and grow old while all is well. */
function headOf(id: string, { heads, verdicts }: NodeRecords): Head | null {
  const measured = heads.get(id);
  if (measured !== undefined) return measured;
  const [newest] = verdicts.filter((verdict) => verdict.node === id && verdict.head !== null).toSorted((a, b) => b.atMs - a.atMs);
  return newest === undefined ? null : { head: newest.head, atMs: newest.atMs };
}

const verdictOf = (verdict: Verdict, nowMs: number): NodeVerdict => ({
  observer: verdict.observer,
  kind: verdict.kind,
  confirmed: verdict.confirmed,
  forMs: Math.max(0, nowMs - verdict.sinceMs),
  reason: verdict.reason,
});
