/** How a story of traded work looks at it and gives it out: every look is judged by the auditor's laws, and the story tells what came of all. */
import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { loadOf } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import { mayGive, TRADE_RULES } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { type SeenWork, seeWork } from "../auditor/see-work.ts";
import { auditWork, WORK_LAWS } from "../auditor/work-laws.ts";
import { workFilesOf } from "../network/host-limits.ts";
import type { Stage } from "./story.ts";

/** Some twenty in each round. */
const LOOK_MS = 100;

export type Item = { readonly id: string; readonly units: number };
export type Look = { readonly seen: SeenWork; readonly atMs: number };
export type WorkWatch = ReturnType<typeof watchWork>;

export function watchWork(stage: Stage) {
  const { folder, fleet } = stage.rehearsal;
  const nodes = fleet.nodes.map(({ id }) => id);
  const faults: string[] = [];
  let existing: readonly string[] = [];
  let looks = 0;

  function look(): Look {
    const seen = seeWork(folder, nodes);
    looks += 1;
    for (const { law, text } of auditWork(seen, existing)) faults.push(`not "${WORK_LAWS[law]}": ${text}`);
    return { seen, atMs: stage.elapsedMs() };
  }
  return {
    nodes,
    look,
    /** Items that must be somewhere in every look from now on. */
    expectItems(items: readonly Item[]): void {
      existing = items.map(({ id }) => id);
    },
    until: (what: string, withinMs: number, isSo: (look: Look) => boolean): Promise<Look> =>
      stage.until(what, withinMs, async () => {
        const now = look();
        return isSo(now) ? now : false;
      }),
    async watch(forMs: number): Promise<void> {
      for (const untilMs = stage.elapsedMs() + forMs; stage.elapsedMs() < untilMs; await pause(LOOK_MS)) look();
    },
    tell(): void {
      const found = faults.length === 0 ? `${looks} looks` : `${faults.length} faults in ${looks} looks: ${faults.slice(0, 3).join("; ")}`;
      stage.expect("at every look each item had exactly one owner and at most one server", faults.length === 0, found);
    },
  };
}

/** As an operator's tools would: at once or not at all. */
export function writeItems(stage: Stage, node: string, file: { assigned?: readonly Item[]; finished?: readonly string[] }): void {
  const { items } = workFilesOf(stage.rehearsal.folder, node);
  writeFileSync(`${items}.new`, JSON.stringify(file), { mode: 0o600 });
  renameSync(`${items}.new`, items);
}

export const sumOf = (items: readonly Item[]): number => items.reduce((total, { units }) => total + units, 0);
export const sayLoads = (seen: SeenWork): string => seen.map(({ node, desk }) => `${node} ${loadOf(desk).loadUnits}`).join(", ");
export const workIn = (seen: SeenWork) => seen.flatMap(({ desk }) => desk.work);
/** Each hand-over of an item, and each return, makes its version one more. */
export const handOversIn = (seen: SeenWork): number => workIn(seen).reduce((sum, { version }) => sum + version - 1, 0);

/** No item could change hands with gain, none is between two desks, and all is served. */
export function isSettled({ seen }: Look): boolean {
  const isQuiet = seen.every(({ desk, servedIds }) => desk.giving === null && desk.work.length === servedIds.length);
  const mayMove = seen.some(({ desk: giver }) =>
    seen.some(
      ({ desk: taker }) => giver !== taker && giver.work.some(({ units }) => mayGive(loadOf(giver), loadOf(taker), units, TRADE_RULES.marginShare)),
    ),
  );
  return isQuiet && !mayMove;
}
