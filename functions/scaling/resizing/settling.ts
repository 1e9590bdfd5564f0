/** Each unit that is starting is asked where its node stands, and told to serve, to wait, or that it is given up. */
import { createHash } from "node:crypto";
import { sayBriefly, type Unit } from "../../../core/kernel/capacity.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import { NodeId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";
import { type ScalingCell, STARTS_KEPT_MAX } from "../../../core/kernel/scaling.ts";
import type { ScalingGroup } from "../../../core/kernel/scaling-policy.ts";
import { judgeReadiness, type Readiness, type ReadinessFacts } from "../../../core/scaling/adaptive-resource-allocation/unit-readiness.ts";
import { changeCell, groupOf } from "../ownership.ts";
import type { ScaleRound } from "../round.ts";
import { capacityOf } from "./resizing.ts";

const PROBE_MS = 2_000;
/** Whom a unit is compared with. */
const PROBED_MAX = 8;
const UNITS_AT_ONCE = 8;
const WAITS_MAX = 3;
const ORDER_MS = 120_000;
const ENROLLED_MAX = 1_000;

export async function settleUnits(world: World, round: ScaleRound): Promise<ScaleRound> {
  const group = groupOf(world, round.group);
  const cell = await changeCell(world, round, (current) => current);
  const look = await capacityOf(world, group.name).look();
  if (look.kind !== "seen") return { ...round, reason: look.reason };
  const starting = look.units.filter(({ state }) => state === "starting");
  if (starting.length === 0) return { ...round, starting: 0 };
  const [fleet, rpcOf] = await Promise.all([whereTheFleetIs(world), addresses(world, group)]);
  const settled: Settled[] = [];
  for (let from = 0; from < starting.length; from += UNITS_AT_ONCE) {
    const some = starting.slice(from, from + UNITS_AT_ONCE);
    settled.push(...(await Promise.all(some.map((unit) => judgeUnit(world, group, cell, unit, fleet, rpcOf)))));
  }
  for (const each of settled) await settle(world, round, each);
  const admitted = settled.filter(({ readiness }) => readiness.verdict === "serves").length;
  return { ...round, starting: starting.length - admitted, reason: `${admitted} of ${starting.length} starting units have caught up` };
}

type Settled = { readonly unit: Unit; readonly sinceMs: number; readonly readiness: Readiness };

async function judgeUnit(
  world: World,
  group: ScalingGroup,
  cell: ScalingCell,
  unit: Unit,
  fleet: ReadinessFacts["fleet"],
  rpcOf: (unit: Unit) => string | null,
): Promise<Settled> {
  const nowMs = world.clock.wallMs();
  const sinceMs = unit.startedAtMs ?? cell.starting.find((each) => each.unit === unit.id)?.sinceMs ?? nowMs;
  const { chain, policies } = world.fleet;
  const rpc = rpcOf(unit);
  const referenceHeight = fleet?.final?.height ?? null;
  const probe = rpc === null ? null : await world.nodes.probe(nodeAt(world, unit.id, rpc), { referenceHeight, timeoutMs: PROBE_MS });
  const { chainId, genesisHash } = chain;
  const waitMsMax = WAITS_MAX * group.startSeconds * 1_000;
  const facts = { probe, chainId, genesisHash, fleet, lagBlocksMax: policies.watch.lagBlocksMax, sinceMs, nowMs, waitMsMax };
  return { unit, sinceMs, readiness: judgeReadiness(facts) };
}

/** The final block of most of the nodes that answer at its height is the one that counts; heads move while they are asked. */
async function whereTheFleetIs({ fleet, nodes }: World): Promise<ReadinessFacts["fleet"]> {
  const asked = fleet.nodes.slice(0, PROBED_MAX);
  const probes = await Promise.all(asked.map((node) => nodes.probe(node, { referenceHeight: null, timeoutMs: PROBE_MS })));
  const answered = probes.flatMap((probe) => (probe.kind === "answered" && probe.genesisHash === fleet.chain.genesisHash ? [probe] : []));
  if (answered.length === 0) return null;
  const heads = answered.map(({ head }) => head.height).toSorted((one, other) => other - one);
  /** The middle of them: one node's lie moves it by one place. */
  const head = heads[Math.floor((heads.length - 1) / 2)] ?? 0;
  const finals = answered.flatMap(({ finalized }) => (finalized === null ? [] : [finalized])).toSorted((one, other) => other.height - one.height);
  return { head, final: finals[Math.floor((finals.length - 1) / 2)] ?? null };
}

/** By the actuator's word, or by the registry's where the unit has joined. */
async function addresses({ registry }: World, { joins }: ScalingGroup): Promise<(unit: Unit) => string | null> {
  const enrolled = await registry.list("enrolledNode", { prefix: joins.idPrefix, limit: ENROLLED_MAX });
  const known = new Map(enrolled.flatMap(({ value }) => (value.removedAtMs === null ? [[value.instanceId, value.endpoint.rpc] as const] : [])));
  return ({ id, rpc }) => rpc ?? known.get(id) ?? null;
}

/** As far as a probe needs one. */
function nodeAt({ fleet, region }: World, unit: string, rpc: string): FleetNode {
  const [pattern] = fleet.nodes;
  if (pattern === undefined) throw new Error("a fleet has two nodes at least");
  return { ...pattern, id: NodeId.safeParse(unit).data ?? pattern.id, region: region as FleetNode["region"], rpc, signer: undefined };
}

async function settle(world: World, round: ScaleRound, { unit, sinceMs, readiness }: Settled): Promise<void> {
  const { verdict, reason } = readiness;
  const { group } = round;
  const nowMs = world.clock.wallMs();
  const order = { reason: sayBriefly(reason), token: tokenOf(unit.id, verdict, nowMs), notAfterMs: nowMs + ORDER_MS };
  const outcome = await capacityOf(world, group).complete(unit.id, verdict, order);
  world.log.decision({ module: "scaling", subject: unit.id, kind: verdict, reason, outcome: outcome.kind });
  if (outcome.kind !== "done" || verdict === "waits") return;
  const tookMs = nowMs - sinceMs;
  await changeCell(world, round, (cell) => ({
    ...cell,
    starting: cell.starting.filter((each) => each.unit !== unit.id),
    starts: verdict === "serves" ? [...cell.starts, { unit: unit.id, finishedAtMs: nowMs, tookMs }].slice(-STARTS_KEPT_MAX) : cell.starts,
  }));
  if (verdict === "serves") await world.bus.publish("scaling.unit-admitted", { group, unit: unit.id, tookMs, reason });
  else await world.bus.publish("scaling.unit-abandoned", { group, unit: unit.id, reason });
}

/** A verdict is given once a look, since it may be another one at the next. A unit's id may be longer than a token. */
function tokenOf(unit: string, verdict: string, nowMs: number): string {
  return `${verdict}-${pad(nowMs)}-${createHash("sha256").update(unit).digest("hex").slice(0, 32)}`;
}
