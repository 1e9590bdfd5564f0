/** Capacity for people: each group's units and demand, the forecast and how far it is trusted, then what was decided, why, and what came of it. */
import type { ScalingCell, ScalingDecision } from "../../core/kernel/scaling.ts";
import type { GroupFacts } from "../facts/capacity.ts";
import { type Paint, paintState } from "./paint.ts";
import { counted, table } from "./table.ts";
import { span } from "./time.ts";

const DAY_MINUTES = 1_440;
const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)} %`;
const amount = (value: number | null): string => (value === null ? "unknown" : String(Math.round(value * 10) / 10));

export function renderCapacity(paint: Paint, groups: readonly GroupFacts[], nowMs: number): string {
  if (groups.length === 0) return "The fleet file has no groups of units: its nodes are those that it names (docs/capacity.md).";
  return groups.map((facts) => groupText(paint, facts, nowMs)).join("\n\n");
}

function groupText(paint: Paint, facts: GroupFacts, nowMs: number): string {
  const { name, group, cell, decisions } = facts;
  const bounds = group === null ? "" : `, ${group.min} to ${group.max} units, mode ${paintState(paint, group.mode)}`;
  const head = `${paint.bold(name)}${bounds}`;
  if (cell === null) return `${head}\nNothing was decided yet: weigh-capacity runs each minute once the fleet is deployed.`;
  const lines = [head, unitsLine(paint, cell), demandLine(cell, nowMs), forecastLine(paint, cell), recordLine(facts)];
  const rows = decisions.length === 0 ? "" : `\n\n${decisionRows(paint, decisions, nowMs)}`;
  return `${lines.join("\n")}${rows}`;
}

function unitsLine(paint: Paint, { units, declaredReady, starting }: ScalingCell): string {
  const of = (state: string): number => units.filter((unit) => unit.state === state).length;
  const declared = declaredReady === 0 ? "" : `${counted(declaredReady, "node")} of the fleet file and `;
  const listed = units.map(({ id, state, zone }) => `${id} ${paintState(paint, state)}${zone === null ? "" : ` in ${zone}`}`).join(", ");
  const slowest = starting.length === 0 ? "" : `, ${starting.length} on their way`;
  return `  serving   ${declared}${counted(of("ready"), "unit")}${slowest}${listed === "" ? "" : `: ${listed}`}`;
}

function demandLine({ latest, beatAtMs, region }: ScalingCell, nowMs: number): string {
  const seen = `looked at from ${region} ${span(nowMs - beatAtMs)} ago`;
  return latest === null
    ? `  demand    unknown, ${seen}`
    : `  demand    ${amount(latest.demand)} of ${amount(latest.carried)} that are carried, ${seen}`;
}

function forecastLine(paint: Paint, { latest, trust, leadMinutes, leadReason }: ScalingCell): string {
  const ahead = latest?.forecast == null ? "nothing yet" : `${amount(latest.forecast)}`;
  const chance = latest?.shortChance == null ? "" : `, short with a chance of ${percent(latest.shortChance, 2)}`;
  return `  forecast  ${ahead} in ${leadMinutes} min${chance}; ${trustOf(paint, trust)}\n            looks so far ahead since ${leadReason}`;
}

function trustOf(paint: Paint, trust: ScalingCell["trust"]): string {
  if (trust === null) return "it has seen nothing";
  if (trust.minutesSeen < DAY_MINUTES) return `it has seen ${trust.minutesSeen} of ${DAY_MINUTES} minutes, and measured demand decides`;
  const errors = `its error is ${trust.error.toFixed(3)} beside ${trust.naiveError.toFixed(3)} of the last value`;
  return trust.isTrusted ? `${paint.green("trusted")}: ${errors}` : `${paint.yellow("not trusted")}, and measured demand decides: ${errors}`;
}

function recordLine({ cell, short, over }: GroupFacts): string {
  if (cell === null || short === null) return "  record    no minute was counted yet";
  const overText = over === null ? "no demand came" : `capacity was ${percent(over)} over the mean demand`;
  return `  record    short in ${percent(short, 2)} of ${counted(Math.round(cell.tally.minutes), "minute")}; ${overText}`;
}

function decisionRows(paint: Paint, decisions: readonly ScalingDecision[], nowMs: number): string {
  return table(
    paint,
    ["decided", "what", "units", "demand", "by", "came of it", "because"],
    decisions.map(({ atMs, kind, from, to, demand, by, mode, outcome, reason }) => [
      `${span(nowMs - atMs)} ago`,
      paintState(paint, kind),
      kind === "hold" ? String(from) : `${from} → ${to}`,
      amount(demand),
      by,
      kind === "hold" ? "" : (outcome?.kind ?? (mode === "auto" ? "nothing yet" : `left to people (${mode})`)),
      reason,
    ]),
  );
}
