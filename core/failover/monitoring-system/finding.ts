/**
 * What one node's facts mean at one instant, measured by its own history and by the others. A finding is not yet a verdict:
 * `judgement.ts` asks how often it was found before it stands.
 */
import type { Report } from "../../kernel/agent-protocol.ts";
import type { VerdictKind } from "../../kernel/node.ts";
import { PHI_CONFIRMS, suspicionAt } from "./accrual.ts";
import { median } from "./block-interval.ts";
import { type Comparison, onRightChain } from "./comparison.ts";
import type { Detector, LastAnswer } from "./detector.ts";
import { type Rules, silenceCapMs, silenceFloorMs } from "./rules.ts";
import type { ValidatorSilence } from "./validator-silence.ts";

export type Finding = {
  readonly kind: VerdictKind;
  /** It needs no second look. */
  readonly certain: boolean;
  readonly reason: string;
  readonly suspicion: number;
  readonly lagBlocks: number | null;
};

export type Surroundings = {
  readonly comparison: Comparison;
  /** What the agent beside the node says of it, when that is fresh. */
  readonly ownAgent: Report["self"]["kind"] | null;
  readonly validator: ValidatorSilence;
};

/** Twice refused, 200 ms apart or more: a restart in between would have to be faster than that. */
const REFUSALS_CONFIRM = 2;
/** A late packet can cut one answer short; it does not do so twice. */
const MALFORMED_CONFIRM = 2;
/** Blocks ahead of the second-highest head, as a multiple of the lag that is allowed: an honest leader is a block or two ahead. */
const AHEAD_LAGS_MAX = 2;
/** With two nodes, who is ahead and who is stuck cannot be told by heads. */
const COMPARED_MIN = 3;
/** Slow is this much above the node's own median, but never below a quarter of the cadence nor above half the time limit. */
const SLOW_MEDIANS = 4;
const SLOW_FLOOR_CADENCES = 0.25;
const SLOW_CAP_TIMEOUTS = 0.5;
/** Half a cadence late: the answer that is still out is treated as missing, until it comes. */
const OVERDUE_CADENCES = 1.5;

export function findOut(detector: Detector, around: Surroundings, nowMs: number, rules: Rules): Finding {
  const { last } = detector;
  const lagBlocks = last && onRightChain(detector, rules) ? lagOf(last, around.comparison) : null;
  const suspicion = suspicionAt(detector.arrivals, nowMs, rules.cadenceMs);
  const found = findMissing(detector, around, nowMs, rules, suspicion) ?? (last ? findAnswered(detector, last, around, nowMs, rules) : undefined);
  return { certain: false, ...(found ?? { kind: "healthy" as const, reason: "not seen yet" }), suspicion, lagBlocks };
}

const lagOf = (last: LastAnswer, { referenceHead }: Comparison): number => Math.max(0, (referenceHead ?? last.head.height) - last.head.height);

type Found = { kind: VerdictKind; certain?: boolean; reason: string };

function findMissing(detector: Detector, { ownAgent }: Surroundings, nowMs: number, rules: Rules, phi: number): Found | undefined {
  const { miss } = detector;
  const silentMs = nowMs - detector.arrivals.lastMs;
  if (miss?.kind === "malformed") return { kind: "lying", certain: miss.count >= MALFORMED_CONFIRM, reason: miss.reason };
  if (miss?.kind === "refused") {
    const owned = ownAgent === "refusing";
    const by = owned ? "and its own agent says so" : `${miss.count} time${miss.count === 1 ? "" : "s"} in a row`;
    return { kind: "dead", certain: owned || miss.count >= REFUSALS_CONFIRM, reason: `refuses connections, ${by} (${miss.reason})` };
  }
  if (miss === null && silentMs <= OVERDUE_CADENCES * rules.cadenceMs) return undefined;
  if (ownAgent === "refusing") return { kind: "dead", certain: true, reason: "does not answer, and its own agent says that it refuses connections" };
  const certain = (silentMs >= silenceFloorMs(rules) && phi >= PHI_CONFIRMS) || silentMs >= silenceCapMs(rules);
  return { kind: "unreachable", certain, reason: `no good answer for ${Math.round(silentMs)} ms, phi ${phi.toFixed(1)}` };
}

function findAnswered(detector: Detector, last: LastAnswer, around: Surroundings, nowMs: number, rules: Rules): Found {
  const { comparison, validator } = around;
  const { head, reference, latencyMs } = last;
  if (last.chainId !== rules.chainId)
    return { kind: "foreign", certain: true, reason: `its chain id is ${last.chainId}, the fleet's ${rules.chainId}` };
  if (last.genesisHash !== rules.genesisHash) {
    return { kind: "foreign", certain: true, reason: `its genesis is ${last.genesisHash}, the fleet's ${rules.genesisHash}` };
  }
  const agreed = reference && comparison.agreed.get(reference.height);
  if (reference && agreed !== undefined && agreed !== null && agreed !== reference.hash) {
    return { kind: "forked", reason: `at height ${reference.height} it has ${reference.hash}, the majority ${agreed}` };
  }
  const ahead = head.height - (comparison.referenceHead ?? head.height);
  if (comparison.heads.length >= COMPARED_MIN && ahead > AHEAD_LAGS_MAX * rules.lagBlocksMax) {
    return { kind: "lying", reason: `its head ${head.height} is ${ahead} blocks above what any other node has` };
  }
  const lag = lagOf(last, comparison);
  const stillMs = nowMs - detector.movedAtMs;
  if (validator.kind === "silent") return { kind: "stalled", certain: true, reason: validator.reason };
  if (lag >= 1 && stillMs >= comparison.stallLimitMs && othersMove(detector, comparison, nowMs)) {
    return {
      kind: "stalled",
      certain: true,
      reason: `its head stands at ${head.height} for ${Math.round(stillMs)} ms, ${lag} blocks behind nodes that move`,
    };
  }
  if (lag > rules.lagBlocksMax) return { kind: "lagging", reason: `${lag} blocks behind the second-highest head; ${rules.lagBlocksMax} are allowed` };
  const limitMs = slowLimitMs(detector, rules);
  if (latencyMs > limitMs) return { kind: "slow", reason: `answered in ${Math.round(latencyMs)} ms; its limit is ${Math.round(limitMs)} ms` };
  return { kind: "healthy", reason: `height ${head.height}, ${lag === 0 ? "level" : `${lag} behind`}, ${Math.round(latencyMs)} ms` };
}

function othersMove(detector: Detector, { heads, stallLimitMs }: Comparison, nowMs: number): boolean {
  return heads.some(({ node, movedAtMs }) => node !== detector.node && nowMs - movedAtMs < stallLimitMs);
}

function slowLimitMs({ latenciesMs }: Detector, rules: Rules): number {
  const usualMs = latenciesMs.length === 0 ? 0 : median(latenciesMs);
  return Math.min(SLOW_CAP_TIMEOUTS * rules.probeTimeoutMs, Math.max(SLOW_FLOOR_CADENCES * rules.cadenceMs, SLOW_MEDIANS * usualMs));
}
