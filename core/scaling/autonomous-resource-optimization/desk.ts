/**
 * A node's own book of work. The desk is durable: it is written, whole, before any message leaves that the same step has made. So an
 * item is always in exactly one place: on one desk, or given by a desk whose receiver has not answered yet, and then nobody serves it
 * until the receiver has it or has returned it. What is said in passing (offers, promises) is lost with the process, and harms nobody.
 *
 * A desk that was restored from an older copy is not a restart: it may own what it has given away. Whoever stores it must refuse
 * one (adapters/durable-file.ts counts its writes), and a node that has lost its desk starts with none of its work.
 */
import * as z from "zod";
import { NodeId, WallMs } from "../../kernel/ids.ts";
import { type OfferId, TradeOutcome, WORK_ITEMS_MAX, type WorkItem, WorkItems, WorkLoad, type WorkReport } from "../../kernel/work-trade.ts";

/** As many as a fleet file can name nodes, twice: those that have left stay remembered until they are forgotten on purpose. */
export const GIVERS_MAX = 1_000;

export const Desk = z.object({
  node: NodeId,
  capacityUnits: WorkLoad.shape.capacityUnits,
  /** One more with each start; a part of every message. */
  epoch: z.int().min(1),
  /** What is served here. */
  work: WorkItems,
  /** The last hand-over's number; one more with each. */
  given: z.int().min(0),
  /** What was given away and not answered; the items bear the version that they have at the receiver. */
  giving: z.object({ to: NodeId, sequence: z.int().min(1), items: WorkItems.min(1), sinceMs: WallMs }).nullable(),
  /** For each giver its last hand-over to this node and what became of it, so that a repetition gets the same answer. */
  answered: z
    .record(NodeId, z.object({ sequence: z.int().min(1), outcome: TradeOutcome }))
    .refine((all) => Object.keys(all).length <= GIVERS_MAX, `at most ${GIVERS_MAX} givers`),
});
export type Desk = z.infer<typeof Desk>;

/** What a process knows and may forget. At most one of `offer`, `promise` and the desk's `giving` at a time. */
export type Talks = {
  /** Messages sent in this epoch. */
  readonly number: number;
  readonly offer: { readonly id: OfferId; readonly to: NodeId; readonly itemIds: readonly string[]; readonly expiresAtMs: number } | null;
  readonly promise: { readonly offer: OfferId; readonly from: NodeId; readonly expiresAtMs: number } | null;
  /** The newest message of each peer, so that a recorded one is worth nothing. */
  readonly heard: ReadonlyMap<NodeId, { readonly epoch: number; readonly number: number }>;
};
export type TradeState = { readonly desk: Desk; readonly talks: Talks };

/** An empty desk. Its numbers begin at the clock, so that one that replaces a lost desk goes on above what peers remember of that. */
export function newDesk(node: NodeId, capacityUnits: number, nowMs: number): Desk {
  return { node, capacityUnits, epoch: Math.max(1, nowMs), work: [], given: nowMs, giving: null, answered: {} };
}

/** After every start, from the stored desk. The result is to be stored before anything is sent. */
export function restart(desk: Desk): TradeState {
  return { desk: { ...desk, epoch: desk.epoch + 1 }, talks: { number: 0, offer: null, promise: null, heard: new Map() } };
}

export function loadOf(desk: Desk): WorkLoad {
  const all = [...desk.work, ...(desk.giving?.items ?? [])];
  return { capacityUnits: desk.capacityUnits, loadUnits: all.reduce((sum, { units }) => sum + units, 0) };
}

export function itemCountOf({ work, giving }: Desk): number {
  return work.length + (giving?.items.length ?? 0);
}

export function reportOf({ desk, talks }: TradeState, nowMs: number): WorkReport {
  const smallestUnits = desk.work.reduce<number | null>((least, { units }) => Math.min(least ?? units, units), null);
  const isEngaged = desk.giving !== null || isStanding(talks.offer, nowMs) || isStanding(talks.promise, nowMs);
  return { node: desk.node, atMs: nowMs, ...loadOf(desk), itemCount: itemCountOf(desk), smallestUnits, isEngaged };
}

export function isStanding(talk: { readonly expiresAtMs: number } | null, nowMs: number): boolean {
  return talk !== null && nowMs < talk.expiresAtMs;
}

export type WorkChange = { readonly kind: "changed"; readonly desk: Desk } | { readonly kind: "refused"; readonly reason: string };

/** New work from outside: a first assignment, or what failover moves here from a node that is fenced. Its version must be above the one it had there. */
export function takeOn(desk: Desk, item: WorkItem): WorkChange {
  if (find(desk.work, item.id) || find(desk.giving?.items ?? [], item.id)) return { kind: "refused", reason: `${item.id} is on this desk already` };
  if (itemCountOf(desk) >= WORK_ITEMS_MAX) return { kind: "refused", reason: `the desk is full with ${WORK_ITEMS_MAX} items` };
  return { kind: "changed", desk: { ...desk, work: [...desk.work, item] } };
}

/** What an item costs, newly measured. */
export function measure(desk: Desk, id: string, units: number): WorkChange {
  if (!find(desk.work, id)) return { kind: "refused", reason: `${id} is not served here` };
  return { kind: "changed", desk: { ...desk, work: desk.work.map((item) => (item.id === id ? { ...item, units } : item)) } };
}

/** The work is done and exists no more. */
export function finish(desk: Desk, id: string): WorkChange {
  if (!find(desk.work, id)) return { kind: "refused", reason: `${id} is not served here` };
  return { kind: "changed", desk: { ...desk, work: desk.work.filter((item) => item.id !== id) } };
}

/** Once a node is fenced for ever and every hand-over of it is settled: nothing that it sends will be heard again. */
export function forgetGiver(desk: Desk, node: NodeId): Desk {
  return { ...desk, answered: Object.fromEntries(Object.entries(desk.answered).filter(([giver]) => giver !== node)) };
}

const find = (items: readonly WorkItem[], id: string): WorkItem | undefined => items.find((item) => item.id === id);
