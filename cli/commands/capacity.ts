/** `ha capacity`: units, demand and forecast of each group, what was decided and why, and how short or over it was; and a person's approval. */
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import type { GroupName } from "../../core/kernel/ids.ts";
import type { ScalingCell } from "../../core/kernel/scaling.ts";
import { type Answer, type Command, numberOption, type Operations, textOption } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { readCapacity } from "../facts/capacity.ts";
import { renderCapacity } from "../render/capacity.ts";

const LIMIT = 10;
const LIMIT_MAX = 1_000;

export const capacityCommand: Command = {
  usage: "capacity [group]",
  summary: "units, demand and forecast of each group, what was decided and why, and how short or over it was",
  examples: [
    ["$0 capacity", "each group of units, with its newest decisions"],
    ["$0 capacity rpc-east --limit 100 --json", "one group, for a program"],
    ["$0 capacity rpc-east --approve", "in mode approve: what was decided last may be done"],
  ],
  build: (argv) =>
    argv
      .positional("group", { type: "string", describe: "a group of the fleet file" })
      .option("limit", { type: "number", default: LIMIT, describe: "how many decisions of each at most" })
      .option("approve", { type: "boolean", default: false, describe: "lets the change that was decided last be done" }),
  async run(options, operations, io) {
    const group = textOption(options, "group");
    const limit = Math.min(LIMIT_MAX, Math.max(1, Math.floor(numberOption(options, "limit") ?? LIMIT)));
    const groups = await readCapacity(operations, group, limit);
    if (options.approve === true) return await approve(operations, group);
    return { data: { schema: 1, groups }, text: renderCapacity(io.paint, groups, operations.clock.wallMs()) };
  },
};

async function approve({ registry, clock, requestedBy: by }: Operations, group: string | undefined): Promise<Answer> {
  const usage = (sentence: string, next: string) => new CommandFailed({ code: EXIT.usage, sentence, next });
  if (group === undefined) throw usage("which group's change is approved?", "`ha capacity` lists them; then `ha capacity <group> --approve`.");
  const changed = await updateRecord(registry, "scalingCell", group as GroupName, (current) => {
    const latest = current?.latest ?? null;
    if (current === null || latest === null || latest.kind === "hold" || latest.mode !== "approve") return { kind: "keep" as const, latest };
    const next: ScalingCell = { ...current, approved: { kind: latest.kind, by, atMs: clock.wallMs() } };
    return { kind: "write" as const, next, latest };
  });
  const { latest } = changed;
  if (changed.kind === "keep") {
    const found = latest === null ? "nothing was decided yet" : `the last decision is a ${latest.kind} in mode ${latest.mode}`;
    throw new CommandFailed({ code: EXIT.refused, sentence: `there is nothing to approve for ${group}: ${found}.`, next: "`ha capacity` says why." });
  }
  const says = `${group} may go from ${latest?.from} to ${latest?.to} units, by ${by}: it is decided once more within a minute, and done if that still says so.`;
  return { data: { schema: 1, group, kind: latest?.kind, from: latest?.from, to: latest?.to, by }, text: says };
}
