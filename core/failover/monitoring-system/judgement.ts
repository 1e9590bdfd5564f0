/**
 * From findings to the verdict that stands. A suspicion is spoken at the first miss and withdrawn at the first good answer;
 * a confirmed fault ends only after good answers in a row; each confirmed fault that counts as a vote adds to the flap penalty.
 */
import type { RegionName } from "../../kernel/ids.ts";
import { CONDEMNING, type Verdict, type VerdictKind } from "../../kernel/node.ts";
import type { Detector, Judgement } from "./detector.ts";
import { type Finding, findOut, type Surroundings } from "./finding.ts";
import { decayed, faulted } from "./flap-damping.ts";
import type { Rules } from "./rules.ts";

/** Probes in a row before a finding that is not certain by itself is confirmed. A re-organisation under way looks like a fork once. */
const REPEATS: Partial<Record<VerdictKind, number>> = { forked: 2, lying: 2, lagging: 2, slow: 3 };
/** A process that is just starting answers once and dies again. */
const GOOD_ANSWERS_RECOVER = 2;
/** Two names of one absence: a host that refused and then fell silent has not come back in between. */
const ABSENT: ReadonlySet<VerdictKind> = new Set(["unreachable", "dead"]);

export type Instant = { readonly nowMs: number; readonly wallMs: number };

/** Judges, and returns the detector that remembers the judgement beside the verdict to publish (without sightings). */
export function judge(
  detector: Detector,
  around: Surroundings,
  at: Instant,
  given: { observer: RegionName; rules: Rules },
): { detector: Detector; verdict: Verdict } {
  const { rules, observer } = given;
  const found = findOut(detector, around, at.nowMs, rules);
  const damping = decayed(detector.damping, at.nowMs, rules.flapHalfLifeMs);
  const next = fold(detector.judgement, found, { ...at, probes: detector.probes, suppressed: damping.suppressed, seen: detector.last !== null });
  const fault = isFault(next) && !isFault(detector.judgement);
  const judged = { ...detector, judgement: next, damping: fault ? faulted(damping, at.nowMs, rules.flapHalfLifeMs) : damping };
  return { detector: judged, verdict: verdictOf(judged, found, at, observer) };
}

const isFault = ({ kind, confirmed }: Judgement): boolean => confirmed && CONDEMNING.has(kind);

function fold(before: Judgement, found: Finding, at: Instant & { probes: number; suppressed: boolean; seen: boolean }): Judgement {
  const fresh = at.probes > before.atProbe;
  const { kind, reason } = found;
  if (kind === "healthy") return recover(before, found, { ...at, fresh });
  const same = before.kind === kind || (ABSENT.has(before.kind) && ABSENT.has(kind));
  const repeats = same ? before.repeats + (fresh ? 1 : 0) : 1;
  const confirmed = found.certain || repeats >= (REPEATS[kind] ?? Number.POSITIVE_INFINITY) || (same && before.confirmed);
  const since = same ? { sinceMs: before.sinceMs, sinceWallMs: before.sinceWallMs } : { sinceMs: at.nowMs, sinceWallMs: at.wallMs };
  return { kind, reason, confirmed, repeats, good: 0, atProbe: at.probes, ...since };
}

function recover(before: Judgement, found: Finding, at: Instant & { probes: number; suppressed: boolean; seen: boolean; fresh: boolean }): Judgement {
  const good = before.good + (at.fresh ? 1 : 0);
  if (before.kind !== "healthy" && before.confirmed && good < GOOD_ANSWERS_RECOVER) {
    return { ...before, good, atProbe: at.probes };
  }
  const since = before.kind === "healthy" ? before : { sinceMs: at.nowMs, sinceWallMs: at.wallMs };
  const { sinceMs, sinceWallMs } = since;
  const reason = at.suppressed ? `${found.reason}; its faults are too close together to count on it yet` : found.reason;
  return { kind: "healthy", confirmed: at.seen && !at.suppressed, repeats: 0, good, atProbe: at.probes, sinceMs, sinceWallMs, reason };
}

function verdictOf(detector: Detector, found: Finding, at: Instant, observer: RegionName): Verdict {
  const { judgement, node, last, damping } = detector;
  const recovering = judgement.kind !== "healthy" && judgement.good > 0;
  return {
    observer,
    node,
    kind: judgement.kind,
    confirmed: judgement.confirmed,
    sinceMs: Math.trunc(judgement.sinceWallMs),
    atMs: Math.trunc(at.wallMs),
    reason: recovering ? `${judgement.reason}; answers again, ${judgement.good} of ${GOOD_ANSWERS_RECOVER}` : judgement.reason,
    head: last?.head.height ?? null,
    lagBlocks: found.lagBlocks,
    suspicion: found.suspicion,
    flapPenalty: damping.penalty,
    sightings: [],
  };
}
