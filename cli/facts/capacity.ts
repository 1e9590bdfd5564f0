/** What the registry knows of capacity: each group's cell, and the newest decisions with what came of them. */
import type { ScalingCell, ScalingDecision } from "../../core/kernel/scaling.ts";
import type { ScalingGroup } from "../../core/kernel/scaling-policy.ts";
import { sharesOf } from "../../core/scaling/predictive-resource-scaling/capacity-tally.ts";
import type { Operations } from "../command.ts";
import { LIST_MAX, noSuch } from "../names.ts";

export type GroupFacts = {
  readonly name: string;
  /** As the fleet file has it; null where no fleet file is at hand. */
  readonly group: ScalingGroup | null;
  /** Null where nothing was decided yet. */
  readonly cell: ScalingCell | null;
  /** The newest first. */
  readonly decisions: readonly ScalingDecision[];
  /** The share of minutes with demand above what was ready, and mean capacity ÷ mean demand − 1. */
  readonly short: number | null;
  readonly over: number | null;
};

export async function readCapacity(
  { registry, fleet }: Pick<Operations, "registry" | "fleet">,
  only: string | undefined,
  limit: number,
): Promise<readonly GroupFacts[]> {
  const cells = (await registry.list("scalingCell", { limit: LIST_MAX })).map(({ value }) => value);
  const declared = fleet?.scaling?.groups ?? [];
  const names = [...new Set<string>([...declared.map(({ name }) => name), ...cells.map(({ group }) => group)])];
  if (only !== undefined && !names.includes(only)) throw noSuch("group", only, names, "`ha capacity` shows each.");
  return await Promise.all(
    names
      .filter((name) => only === undefined || name === only)
      .map(async (name) => {
        const cell = cells.find(({ group }) => group === name) ?? null;
        const decisions = await registry.list("scalingDecision", { prefix: `${name}/`, limit, newestFirst: true });
        const shares = cell === null ? { short: null, over: null } : sharesOf(cell.tally);
        return {
          name,
          group: declared.find((group) => group.name === name) ?? null,
          cell,
          decisions: decisions.map(({ value }) => value),
          ...shares,
        };
      }),
  );
}
