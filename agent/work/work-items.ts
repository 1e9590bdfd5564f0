/**
 * The operator's file of work, and what it changes on the desk. JSON, since a part of a JSON document is none: a file that is being
 * written is not taken for a shorter one. `assigned` is new work, taken on once for each id: it may be on another desk since. `measured` says
 * what items that are served here cost now. `finished` items exist no more, wherever one of them is.
 */
import { readFileSync, statSync } from "node:fs";
import * as z from "zod";
import { faultsOf } from "../../core/kernel/errors.ts";
import { WORK_ITEMS_MAX, WorkId, WorkItem, WorkItems } from "../../core/kernel/work-trade.ts";
import { type Desk, finish, measure, takeOn, type WorkChange } from "../../core/scaling/autonomous-resource-optimization/desk.ts";

const BYTES_MAX = 256 * 1024;

const Assigned = z.strictObject({ id: WorkId, units: WorkItem.shape.units, version: WorkItem.shape.version.default(1) });
export const ItemsFile = z.strictObject({
  assigned: z.array(Assigned).pipe(WorkItems).default([]),
  measured: z
    .record(WorkId, WorkItem.shape.units)
    .refine((all) => Object.keys(all).length <= WORK_ITEMS_MAX, `at most ${WORK_ITEMS_MAX} items`)
    .default({}),
  finished: z.array(WorkId).max(WORK_ITEMS_MAX).default([]),
});
export type ItemsFile = z.infer<typeof ItemsFile>;

export type ItemsRead = { readonly kind: "read"; readonly file: ItemsFile } | { readonly kind: "invalid"; readonly reason: string };

export function readItems(path: string): ItemsRead {
  const invalid = (reason: string): ItemsRead => ({ kind: "invalid", reason: `${path}: ${reason}` });
  try {
    const { size } = statSync(path);
    if (size > BYTES_MAX) return invalid(`${size} bytes; ${BYTES_MAX} are allowed`);
    const parsed = ItemsFile.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? { kind: "read", file: parsed.data } : invalid(faultsOf(parsed.error).slice(0, 5).join("; "));
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

/** `known` are the ids that were assigned here before and are still in the file; they are stored with the desk. */
export type Book = { readonly desk: Desk; readonly known: string[] };
export type Applied = { readonly book: Book; readonly refused: readonly string[] };

/** The same book, by identity, where the file says nothing new. */
export function applyItems(book: Book, { assigned, measured, finished }: ItemsFile): Applied {
  const refused: string[] = [];
  const seen = new Set(book.known);
  let { desk } = book;
  const apply = (change: WorkChange): void => {
    if (change.kind === "changed") desk = change.desk;
    else refused.push(change.reason);
  };
  for (const item of assigned) if (!seen.has(item.id) && !finished.includes(item.id)) apply(takeOn(desk, item));
  for (const { id, units } of desk.work) {
    if (finished.includes(id)) apply(finish(desk, id));
    else if (Object.hasOwn(measured, id) && measured[id] !== undefined && measured[id] !== units) apply(measure(desk, id, measured[id]));
  }
  const known = assigned.map(({ id }) => id);
  const isSame = desk === book.desk && known.length === seen.size && known.every((id) => seen.has(id));
  return { book: isSame ? book : { desk, known }, refused };
}
