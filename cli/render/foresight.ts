/** Foresight for people: each node in a line, then what was scored, and the sum of it, so that nobody has to believe a probability. */

import type { Prediction } from "../../core/kernel/prediction.ts";
import { countEpisodes } from "../../core/prediction/automated-failover-orchestration/levels.ts";
import type { ForesightFacts } from "../facts/foresight.ts";
import { type Paint, paintState } from "./paint.ts";
import { counted, table } from "./table.ts";
import { span } from "./time.ts";

const percent = (share: number): string => `${Math.round(share * 100)} %`;

export function renderForesight(paint: Paint, facts: ForesightFacts, nowMs: number): string {
  const { foresight, nodes, alerts, scored } = facts;
  if (foresight === null) return "Nothing was foretold yet: foresee runs each minute once the fleet is deployed.";
  const { warn, drain, handOver } = foresight.levels;
  const levels = `warns from ${percent(warn)}, drains from ${percent(drain)}, hands over from ${percent(handOver)}: ${foresight.levelsReason}`;
  const looked = `${foresight.region} looked ${span(nowMs - foresight.beatAtMs)} ago; it ${levels}.`;
  const sections = [looked, nodeRows(paint, facts, nowMs)];
  if (alerts.length > 0)
    sections.push(alerts.map(({ id, signal, node, reason }) => `${paint.yellow(id)}  ${signal} of ${node}: ${reason}`).join("\n"));
  sections.push(scored.length === 0 ? `Of ${counted(nodes.length, "node")} nothing was scored yet.` : scoredRows(paint, scored, nowMs));
  if (scored.length > 0) sections.push(sumOf(scored));
  return sections.join("\n\n");
}

function nodeRows(paint: Paint, { nodes, preemptions }: ForesightFacts, nowMs: number): string {
  return table(
    paint,
    ["node", "fails", "level", "by", "done", "since", "why"],
    nodes.map(({ node, latest, open }) => {
      const preemption = preemptions.find((each) => each.node === node);
      const begun = open.find(({ level }) => level !== "calm");
      return [
        paint.bold(node),
        percent(latest.probability),
        paintState(paint, latest.level),
        latest.by,
        preemption === undefined
          ? "nothing"
          : `${preemption.step}${preemption.endedAtMs === null ? "" : `, ended ${span(nowMs - preemption.endedAtMs)} ago`}`,
        begun === undefined ? "" : span(nowMs - begun.madeAtMs),
        preemption?.step === "held" ? `${paint.red("a person must decide")}: ${preemption.reason}` : latest.reason,
      ];
    }),
  );
}

function scoredRows(paint: Paint, scored: readonly Prediction[], nowMs: number): string {
  return table(
    paint,
    ["made", "node", "said", "by", "came", "ahead", "because"],
    scored.map(({ madeAtMs, node, probability, by, outcome }) => [
      `${span(nowMs - madeAtMs)} ago`,
      node,
      percent(probability),
      by,
      paintState(paint, outcome?.kind ?? "open"),
      outcome?.leadMs == null ? "" : span(outcome.leadMs),
      outcome?.reason ?? "",
    ]),
  );
}

function sumOf(scored: readonly Prediction[]): string {
  const { right, wrong, missed } = countEpisodes(scored);
  const [warned, faults] = [right + wrong, right + missed];
  const precision = warned === 0 ? "nothing was warned of" : `${right} of ${counted(warned, "warning")} came true (${percent(right / warned)})`;
  const recall = faults === 0 ? "nothing failed" : `${right} of ${counted(faults, "fault")} foretold (${percent(right / faults)})`;
  return `Of the ${counted(scored.length, "prediction")} shown: ${precision}; ${recall}.`;
}
