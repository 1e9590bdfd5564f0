/**
 * What the agents of a fleet say to each other when they trade work: a report of one's own load, and five messages. Each message
 * names its sender, its receiver, the sender's epoch (one more after each restart), a number that grows within the epoch, and
 * when it expires. Whoever carries a message signs it as an agent's word; a shape says nothing about who wrote it.
 */
import * as z from "zod";
import { FleetId, NodeId, WallMs } from "./ids.ts";

/** Of one node, and so of one trade: whatever a node has can be named in one message. */
export const WORK_ITEMS_MAX = 512;
const UNITS_MAX = 1_000_000;

export const WorkId = z.string().regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/, "1 to 64 of a-z, 0-9, '.', '_', ':' and '-'");
export type WorkId = z.infer<typeof WorkId>;

export const WorkItem = z.object({
  id: WorkId,
  /** What it costs to serve, in the unit of the node's capacity. */
  units: z.int().min(1).max(UNITS_MAX),
  /** How often its owner has changed; grows with each hand-over and each return. */
  version: z.int().min(1),
});
export type WorkItem = z.infer<typeof WorkItem>;

const hasEachOnce = (items: readonly { id: string }[]): boolean => new Set(items.map(({ id }) => id)).size === items.length;
export const WorkItems = z.array(WorkItem).max(WORK_ITEMS_MAX).refine(hasEachOnce, "each item once");

export const WorkLoad = z.object({
  capacityUnits: z.int().min(1).max(UNITS_MAX),
  /** Of everything it owns, what it is handing over included. */
  loadUnits: z
    .int()
    .min(0)
    .max(WORK_ITEMS_MAX * UNITS_MAX),
});
export type WorkLoad = z.infer<typeof WorkLoad>;

/** A node's own word on its load, signed and fresh. */
export const WorkReport = WorkLoad.extend({
  node: NodeId,
  atMs: WallMs,
  itemCount: z.int().min(0).max(WORK_ITEMS_MAX),
  /** Its smallest item that it could give away; null where it has none. */
  smallestUnits: z.int().min(1).nullable(),
  /** It is in the middle of a trade and begins no other. */
  isEngaged: z.boolean(),
});
export type WorkReport = z.infer<typeof WorkReport>;

/** `<giver>.<epoch>.<number>` of the message that made the offer. */
export const OfferId = z.string().regex(/^[a-z][a-z0-9-]{0,31}\.\d{1,16}\.\d{1,16}$/);
export type OfferId = z.infer<typeof OfferId>;

export const TradeOutcome = z.enum(["taken", "returned"]);
export type TradeOutcome = z.infer<typeof TradeOutcome>;

const head = { from: NodeId, to: NodeId, epoch: z.int().min(1), number: z.int().min(1), expiresAtMs: WallMs };
const Reason = z.string().max(500);

export const TradeMessage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("offer"), ...head, offer: OfferId, items: WorkItems.min(1), giver: WorkLoad }),
  z.object({ kind: z.literal("accept"), ...head, offer: OfferId, taker: WorkLoad, itemCount: z.int().min(0).max(WORK_ITEMS_MAX) }),
  z.object({ kind: z.literal("refuse"), ...head, offer: OfferId, reason: Reason }),
  /** The giver serves these items no more; they are the receiver's from now on, unless it returns them. `sequence` grows with each hand-over of a giver. */
  z.object({ kind: z.literal("transfer"), ...head, sequence: z.int().min(1), items: WorkItems.min(1), giver: WorkLoad }),
  z.object({ kind: z.literal("acknowledge"), ...head, sequence: z.int().min(1), outcome: TradeOutcome, reason: Reason }),
]);
export type TradeMessage = z.infer<typeof TradeMessage>;
export type TradeMessageOf<K extends TradeMessage["kind"]> = Extract<TradeMessage, { kind: K }>;

/** What travels between two agents, each word signed for one receiver. Nothing in its answer is believed: what is to be said comes as a word. */
export const WorkWord = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("report"), fleet: FleetId, from: NodeId, to: NodeId, report: WorkReport }),
  z.object({ kind: z.literal("trade"), fleet: FleetId, from: NodeId, to: NodeId, message: TradeMessage }),
]);
export type WorkWord = z.infer<typeof WorkWord>;
/** 512 items at 120 bytes, in base64url, with half as much to spare. */
export const WORK_WORD_BYTES_MAX = 128 * 1024;

const Count = z.int().min(0);
/** A part of the agent's report to the control plane. Counts are of this boot. */
export const WorkView = WorkLoad.extend({
  items: Count.max(WORK_ITEMS_MAX),
  /** Hand-overs that ended with other hands, as giver or as taker. */
  trades: Count,
  /** Words that were not heard: of no peer, with a signature that does not fit, for another node or fleet, heard before, too old. */
  refused: z.object({ stranger: Count, forged: Count, misdirected: Count, replayed: Count, expired: Count }),
});
export type WorkView = z.infer<typeof WorkView>;
