/**
 * Holds each signal of a node against what is normal for it. What was learned is kept in memory while the process lives and written down every
 * so many points; a process that starts anew reads it and the vitals since, and comes to the same.
 */

import type { NodeId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Vitals } from "../../../core/kernel/records.ts";
import { SIGNALS, type Signal, signalsOf } from "../../../core/kernel/signals.ts";
import { decodeState, encodeState } from "../../../core/prediction/dynamic-threshold-adjustment/encoding.ts";
import { observe, start } from "../../../core/prediction/dynamic-threshold-adjustment/observe.ts";
import { falseAlarmShareOf, type ThresholdSettings } from "../../../core/prediction/dynamic-threshold-adjustment/settings.ts";
import type { ThresholdState } from "../../../core/prediction/dynamic-threshold-adjustment/state.ts";
import { applyLabel } from "../../../core/prediction/dynamic-threshold-adjustment/threshold.ts";
import type { Verdict } from "../../../core/prediction/dynamic-threshold-adjustment/verdict.ts";

/** Within the window that a new process reads, so that no point is lost to what was learned. */
const SAVE_POINTS = 60;
const SHARE = { low: 0, high: 1 };
const BOUNDS: Readonly<Partial<Record<Signal, { low: number; high: number }>>> = {
  errorShare: SHARE,
  cpuShare: SHARE,
  memoryShare: SHARE,
  nodeMemoryShare: SHARE,
  nodeFilesShare: SHARE,
  diskFreeShare: SHARE,
};

type Learned = { readonly states: Map<Signal, ThresholdState>; atMs: number; unsaved: number };
export type Judgement = { readonly signal: Signal; readonly atMs: number; readonly value: number | null; readonly verdict: Verdict };

const known = new WeakMap<World, Map<NodeId, Learned>>();

/** One judgement a signal and point that is new, oldest first. */
export async function judgeSignals(world: World, node: NodeId, window: readonly Vitals[]): Promise<Judgement[]> {
  const learned = await recall(world, node);
  const fresh = window.filter(({ atMs }) => atMs > learned.atMs);
  const judgements = fresh.flatMap((vitals) => {
    const signals = signalsOf(vitals);
    return SIGNALS.map((signal) => {
      const state = learned.states.get(signal) ?? start();
      const observed = observe(state, { atMs: vitals.atMs, value: signals[signal] }, settingsOf(world, signal));
      learned.states.set(signal, observed.state);
      return { signal, atMs: vitals.atMs, value: signals[signal], verdict: observed.verdict };
    });
  });
  learned.atMs = fresh.at(-1)?.atMs ?? learned.atMs;
  learned.unsaved += fresh.length;
  if (learned.unsaved >= SAVE_POINTS) await save(world, node, learned);
  return judgements;
}

/** What an operator said of an alert moves the threshold of its signal, and is written down at once. */
export async function hearLabel(world: World, node: NodeId, { signal, real }: { signal: string; real: boolean }): Promise<void> {
  const learned = await recall(world, node);
  const known = SIGNALS.find((each) => each === signal);
  const state = known === undefined ? undefined : learned.states.get(known);
  if (known === undefined || state === undefined) return;
  learned.states.set(known, applyLabel(state, { isTrue: real }, settingsOf(world, known)));
  await save(world, node, learned);
}

function settingsOf({ fleet }: World, signal: Signal): ThresholdSettings {
  const { watch, prediction } = fleet.policies;
  const falseAlarmShare = falseAlarmShareOf({ perDay: 1 / prediction.falseAlarmDays, cadenceMs: watch.vitalsSeconds * 1_000 });
  return { falseAlarmShare, adoptAfterMs: prediction.shiftSeconds * 1_000, bounds: BOUNDS[signal] ?? null, isCounter: false };
}

async function recall(world: World, node: NodeId): Promise<Learned> {
  const own = known.get(world) ?? new Map<NodeId, Learned>();
  known.set(world, own);
  const before = own.get(node);
  if (before !== undefined) return before;
  const found = await world.registry.read("signalStates", `${world.region}/${node}`);
  const stored = found.kind === "found" ? found.value : null;
  const states = new Map<Signal, ThresholdState>();
  for (const signal of SIGNALS) {
    const text = stored?.states[signal];
    if (text === undefined) continue;
    const decoded = decodeState(Buffer.from(text, "base64"));
    if (decoded.kind === "read") states.set(signal, decoded.state);
    else world.log.warn(`the threshold of ${signal} of ${node} is learned anew`, { why: decoded.reason });
  }
  const learned = { states, atMs: stored?.atMs ?? 0, unsaved: 0 };
  own.set(node, learned);
  return learned;
}

async function save({ registry, region }: World, node: NodeId, learned: Learned): Promise<void> {
  const states = Object.fromEntries([...learned.states].map(([signal, state]) => [signal, Buffer.from(encodeState(state)).toString("base64")]));
  await registry.write("signalStates", `${region}/${node}`, { node, atMs: learned.atMs, states }, "any");
  learned.unsaved = 0;
}
