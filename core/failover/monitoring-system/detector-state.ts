/**
 * A detector as it is kept between runs. Monotonic times mean nothing in another process, so they are stored as ages, and the
 * wall says how long nobody kept watch: that time is skipped (it is no evidence), except that a flap penalty decays through it.
 * A state of another version, or damaged, is no state: the node is then learned anew.
 */
import * as z from "zod";
import { Height, NodeId } from "../../kernel/ids.ts";
import { Block, BlockRef, VerdictKind } from "../../kernel/node.ts";
import type { Detector } from "./detector.ts";

const VERSION = 1;
const Age = z.number();
const Sample = z.number().min(0);

const Saved = z.object({
  version: z.literal(VERSION),
  savedAtWallMs: z.number(),
  node: NodeId,
  intervalsMs: z.array(Sample).max(256),
  lastArrivalAge: Age,
  latenciesMs: z.array(Sample).max(256),
  miss: z.object({ kind: z.enum(["refused", "silent", "malformed"]), count: z.int().min(1), sinceAge: Age, reason: z.string() }).nullable(),
  last: z
    .object({
      chainId: z.int(),
      genesisHash: z.string(),
      head: Block,
      finalized: BlockRef.nullable(),
      peers: Height.nullable(),
      latencyMs: Sample,
      reference: BlockRef.nullable(),
      startedAge: Age,
      age: Age,
    })
    .nullable(),
  movedAge: Age,
  blockIntervalsMs: z.array(Sample).max(256),
  damping: z.object({ penalty: z.number().min(0), age: Age, suppressed: z.boolean() }),
  judgement: z.object({
    kind: VerdictKind,
    confirmed: z.boolean(),
    sinceAge: Age,
    sinceWallMs: z.number(),
    repeats: z.int().min(0),
    good: z.int().min(0),
    atProbe: z.int().min(0),
    reason: z.string(),
  }),
  probes: z.int().min(0),
});

export type SavedDetector = z.infer<typeof Saved>;
type At = { readonly nowMs: number; readonly wallMs: number };

export function saveDetector(detector: Detector, { nowMs, wallMs }: At): SavedDetector {
  const { miss, last, damping, judgement } = detector;
  const age = (thenMs: number) => nowMs - thenMs;
  const { sinceMs: missSince, ...missRest } = miss ?? { sinceMs: 0, kind: "silent" as const, count: 1, reason: "" };
  const { sinceMs, ...judged } = judgement;
  return {
    version: VERSION,
    savedAtWallMs: wallMs,
    node: detector.node,
    intervalsMs: [...detector.arrivals.intervalsMs],
    lastArrivalAge: age(detector.arrivals.lastMs),
    latenciesMs: [...detector.latenciesMs],
    miss: miss && { ...missRest, sinceAge: age(missSince) },
    last: last && lastOf(last, age),
    movedAge: age(detector.movedAtMs),
    blockIntervalsMs: [...detector.interval.samplesMs],
    damping: { penalty: damping.penalty, suppressed: damping.suppressed, age: age(damping.atMs) },
    judgement: { ...judged, sinceAge: age(sinceMs) },
    probes: detector.probes,
  };
}

function lastOf({ startedMs, atMs, ...rest }: NonNullable<Detector["last"]>, age: (thenMs: number) => number): NonNullable<SavedDetector["last"]> {
  return { ...rest, startedAge: age(startedMs), age: age(atMs) };
}

/** The detector that goes on from `state`, or null where the state is not one of this version's. */
export function loadDetector(state: unknown, { nowMs, wallMs }: At): Detector | null {
  const parsed = Saved.safeParse(state);
  if (!parsed.success) return null;
  const saved = parsed.data;
  const then = (age: number) => nowMs - age;
  const { miss, last, damping, judgement } = saved;
  const gapMs = Math.max(0, wallMs - saved.savedAtWallMs);
  return {
    node: saved.node,
    arrivals: { intervalsMs: saved.intervalsMs, lastMs: then(saved.lastArrivalAge) },
    latenciesMs: saved.latenciesMs,
    miss: miss && { kind: miss.kind, count: miss.count, reason: miss.reason, sinceMs: then(miss.sinceAge) },
    last: last && restoredLast(last, then),
    movedAtMs: then(saved.movedAge),
    interval: { samplesMs: saved.blockIntervalsMs },
    damping: { penalty: damping.penalty, suppressed: damping.suppressed, atMs: then(damping.age) - gapMs },
    judgement: { ...withoutAge(judgement), sinceMs: then(judgement.sinceAge) },
    probes: saved.probes,
  };
}

function restoredLast(
  { startedAge, age, ...rest }: NonNullable<SavedDetector["last"]>,
  then: (age: number) => number,
): NonNullable<Detector["last"]> {
  return { ...rest, startedMs: then(startedAge), atMs: then(age) };
}

function withoutAge({ sinceAge: _age, ...judged }: SavedDetector["judgement"]): Omit<SavedDetector["judgement"], "sinceAge"> {
  return judged;
}
