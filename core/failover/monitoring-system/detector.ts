/**
 * What one observer remembers of one node: a pure state that each probe's outcome is folded into. It holds facts only;
 * `finding.ts` says what they mean at an instant, `judgement.ts` what stands. All times are the observer's own monotonic
 * milliseconds, except where a name says wall.
 */
import type { NodeId } from "../../kernel/ids.ts";
import type { Answered, BlockRef, Probe, VerdictKind } from "../../kernel/node.ts";
import { type Arrivals, arrived, firstArrival } from "./accrual.ts";
import { type BlockInterval, learnMove, unlearned } from "./block-interval.ts";
import { type Damping, undamped } from "./flap-damping.ts";
import type { Rules } from "./rules.ts";

export type Miss = {
  readonly kind: "refused" | "silent" | "malformed";
  /** Misses of this very kind in a row. */
  readonly count: number;
  readonly sinceMs: number;
  readonly reason: string;
};

export type LastAnswer = Pick<Answered, "chainId" | "genesisHash" | "head" | "finalized" | "peers" | "latencyMs"> & {
  readonly reference: BlockRef | null;
  readonly startedMs: number;
  readonly atMs: number;
};

export type Judgement = {
  readonly kind: VerdictKind;
  readonly confirmed: boolean;
  readonly sinceMs: number;
  readonly sinceWallMs: number;
  /** Probes in a row that led to this kind, and, after a fault, probes in a row that were good. */
  readonly repeats: number;
  readonly good: number;
  readonly atProbe: number;
  readonly reason: string;
};

export type Detector = {
  readonly node: NodeId;
  readonly arrivals: Arrivals;
  /** Of good answers, newest last. */
  readonly latenciesMs: readonly number[];
  readonly miss: Miss | null;
  readonly last: LastAnswer | null;
  /** When the head was last seen to change; until it was seen at all, the beginning of watching. */
  readonly movedAtMs: number;
  readonly interval: BlockInterval;
  readonly damping: Damping;
  readonly judgement: Judgement;
  /** Outcomes taken in, so that judging twice counts once. */
  readonly probes: number;
};

/** Half a minute of latencies at the default cadence. */
const LATENCIES = 32;

export function newDetector(node: NodeId, at: { nowMs: number; wallMs: number }): Detector {
  return {
    node,
    arrivals: firstArrival(at.nowMs),
    latenciesMs: [],
    miss: null,
    last: null,
    movedAtMs: at.nowMs,
    interval: unlearned,
    damping: undamped(at.nowMs),
    judgement: {
      kind: "healthy",
      confirmed: false,
      sinceMs: at.nowMs,
      sinceWallMs: at.wallMs,
      repeats: 0,
      good: 0,
      atProbe: 0,
      reason: "not seen yet",
    },
    probes: 0,
  };
}

/**
 * Folds in one outcome. Probes may end out of order: what began before the newest good answer is old news, and is dropped.
 */
export function observe(detector: Detector, probe: Probe, at: { startedMs: number; nowMs: number }, rules: Rules): Detector {
  const newest = detector.last?.startedMs ?? Number.NEGATIVE_INFINITY;
  if (at.startedMs < newest) return detector;
  const probes = detector.probes + 1;
  if (probe.kind !== "answered") return { ...detector, probes, miss: missed(detector.miss, probe, at.nowMs) };
  const { chainId, genesisHash, head, finalized, peers, latencyMs, reference } = probe;
  const last: LastAnswer = { chainId, genesisHash, head, finalized, peers, latencyMs, reference, startedMs: at.startedMs, atMs: at.nowMs };
  return {
    ...detector,
    probes,
    miss: null,
    last,
    arrivals: arrived(detector.arrivals, at.nowMs, rules.cadenceMs),
    latenciesMs: [...detector.latenciesMs, latencyMs].slice(-LATENCIES),
    ...moved(detector, head.height, at.nowMs),
  };
}

function missed(before: Miss | null, probe: Exclude<Probe, Answered>, nowMs: number): Miss {
  const again = before?.kind === probe.kind;
  return { kind: probe.kind, count: again ? before.count + 1 : 1, sinceMs: before?.sinceMs ?? nowMs, reason: probe.reason };
}

function moved(detector: Detector, height: number, nowMs: number): Pick<Detector, "movedAtMs" | "interval"> {
  const before = detector.last?.head.height;
  if (before === height) return { movedAtMs: detector.movedAtMs, interval: detector.interval };
  if (before === undefined) return { movedAtMs: nowMs, interval: detector.interval };
  return { movedAtMs: nowMs, interval: learnMove(detector.interval, height - before, nowMs - detector.movedAtMs) };
}

/**
 * Moves the detector's clock on by a time in which nobody looked (a paused process, a gap between two runs). Such time is no
 * evidence of anything, so every wait stands where it stood; only the flap penalty decays through it.
 */
export function skipTime(detector: Detector, skippedMs: number): Detector {
  const { arrivals, last, miss, judgement } = detector;
  return {
    ...detector,
    arrivals: { ...arrivals, lastMs: arrivals.lastMs + skippedMs },
    movedAtMs: detector.movedAtMs + skippedMs,
    miss: miss && { ...miss, sinceMs: miss.sinceMs + skippedMs },
    last: last && { ...last, atMs: last.atMs + skippedMs, startedMs: last.startedMs + skippedMs },
    judgement: { ...judgement, sinceMs: judgement.sinceMs + skippedMs },
  };
}
