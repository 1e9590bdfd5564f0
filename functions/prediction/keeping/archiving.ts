/**
 * Moves vitals from the registry, which keeps them two weeks, into objects of history. What there is to do is told by the bucket alone:
 * a period without an object is to be written. So a run that ends anywhere is gone on with by the next, and two runs at once write
 * the same object, which the store takes once.
 */
import { KEEP_S } from "../../../adapters/registry-cells.ts";
import { HistoryUnwritten } from "../../../core/kernel/errors.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { HistoryStore, World } from "../../../core/kernel/ports.ts";
import { pad, type RecordOf } from "../../../core/kernel/records.ts";
import { LIST_LIMIT_MAX } from "../../../core/kernel/vault-keys.ts";
import { historyOf } from "../../../core/prediction/signal-history/history.ts";
import { encodeHistory } from "../../../core/prediction/signal-history/history-object.ts";
import {
  historyKey,
  historyPrefix,
  keyBefore,
  type Period,
  periodOfKey,
  periodsToWrite,
} from "../../../core/prediction/signal-history/history-period.ts";
import { rowsOf } from "../../../core/prediction/signal-history/history-rows.ts";
import { POINTS_MAX } from "../../../core/prediction/signal-history/limits.ts";

const KEPT_MS = KEEP_S * 1_000;
/** Not begun with less: a period is two reads of some pages, an encoding and a put. */
const LEFT_MS_MIN = 60_000;
const PAGE = 1_000;

/** `nextMs`: of the first record after the period. */
type Found = { readonly vitals: RecordOf<"vitals">[]; readonly metrics: RecordOf<"metricMinute">[]; readonly nextMs: number };
type Archived = { written: number; readonly failures: string[]; isUnfinished: boolean };

export async function archiveVitals(
  world: World,
  invocation: { remainingMs(): number },
): Promise<{ decision: string; reason: string; written: number }> {
  if (world.history === null) return { decision: "not-here", reason: "this function was not told where history is kept", written: 0 };
  const store = await world.history();
  const archived: Archived = { written: 0, failures: [], isUnfinished: false };
  for (const node of world.fleet.nodes) {
    /** One node's trouble is not another's; the run fails when every node had its turn. */
    await archiveNode(world, store, node, { archived, invocation }).catch((error: unknown) => {
      archived.failures.push(`${node.id}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  const { written, failures, isUnfinished } = archived;
  if (failures.length > 0) throw new HistoryUnwritten({ written, failures });
  if (isUnfinished) return { decision: "unfinished", reason: "the time was over; the next run goes on", written };
  return { decision: written > 0 ? "archived" : "nothing-due", reason: `${written} objects were written`, written };
}

type Run = { readonly archived: Archived; readonly invocation: { remainingMs(): number } };

async function archiveNode(world: World, store: HistoryStore, node: FleetNode, { archived, invocation }: Run): Promise<void> {
  const subject = { node: node.id, observer: world.region };
  const nowMs = world.clock.wallMs();
  const listed = await store.list(historyPrefix(subject), { after: keyBefore(subject, nowMs - KEPT_MS), limit: LIST_LIMIT_MAX });
  const written = listed.flatMap(({ key }) => periodOfKey(key)?.period.stamp ?? []);
  const { vitalsSeconds } = world.fleet.policies.watch;
  let emptyUntilMs = 0;
  for (const period of periodsToWrite({ nowMs, vitalsSeconds, keptMs: KEPT_MS, written })) {
    if (period.untilMs <= emptyUntilMs) continue;
    if (invocation.remainingMs() < LEFT_MS_MIN) {
      archived.isUnfinished = true;
      return;
    }
    const found = await recordsWithin(world, subject.node, period);
    const rows = rowsOf(found.vitals, found.metrics);
    /** What comes next tells how many periods are as empty as this one. */
    if (rows.length === 0) emptyUntilMs = found.nextMs;
    else archived.written += await writePeriod(world, store, { ...subject, ...period }, rows);
  }
}

async function writePeriod(
  world: World,
  store: HistoryStore,
  span: Period & { node: string; observer: string },
  rows: ReturnType<typeof rowsOf>,
): Promise<number> {
  if (rows.length > POINTS_MAX)
    world.log.warn("a period of history has more points than an object holds; the last are left out", {
      node: span.node,
      stamp: span.stamp,
      points: rows.length,
    });
  const { node, observer, fromMs, untilMs } = span;
  const bytes = encodeHistory(historyOf({ node, observer, fromMs, untilMs }, rows.slice(0, POINTS_MAX)));
  const put = await store.put(historyKey(span, span.stamp), bytes);
  return put.kind === "written" ? 1 : 0;
}

async function recordsWithin({ registry, region }: World, node: string, { fromMs, untilMs }: Period): Promise<Found> {
  const prefix = `${node}/${region}/`;
  const after = `${prefix}${pad(fromMs - 1)}`;
  const [vitals, metrics] = await Promise.all([
    pagesWithin((from) => registry.list("vitals", { prefix, after: from, limit: PAGE }), after, untilMs),
    pagesWithin((from) => registry.list("metricMinute", { prefix, after: from, limit: PAGE }), after, untilMs),
  ]);
  return { vitals: vitals.within, metrics: metrics.within, nextMs: Math.min(vitals.nextMs, metrics.nextMs) };
}

type Page<T> = readonly { readonly key: string; readonly value: T }[];

async function pagesWithin<T extends { readonly atMs: number }>(
  list: (after: string) => Promise<Page<T>>,
  after: string,
  untilMs: number,
): Promise<{ within: T[]; nextMs: number }> {
  const within: T[] = [];
  let from = after;
  while (within.length <= POINTS_MAX) {
    const page = await list(from);
    for (const { value } of page) {
      if (value.atMs >= untilMs) return { within, nextMs: value.atMs };
      within.push(value);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    from = last.key;
  }
  return { within, nextMs: Number.POSITIVE_INFINITY };
}
