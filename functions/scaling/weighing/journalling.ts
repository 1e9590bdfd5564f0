/**
 * Each decision stands in the group's cell; what is news stands in the journal as well: every change, and the first `hold` after one or after
 * another way of deciding. People are told of a change once, however often it is decided again.
 */
import type { World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";
import type { ScalingCell, ScalingDecision } from "../../../core/kernel/scaling.ts";
import { changeCell } from "../ownership.ts";
import { keyOfDecision, type ScaleInput } from "../round.ts";

type Noted = { readonly before: ScalingCell; readonly decision: ScalingDecision; readonly acts: boolean };

export async function noteDecision(world: World, input: ScaleInput, { before, decision, acts }: Noted): Promise<void> {
  const { group, atMs, kind, by, from, to, mode, reason } = decision;
  const last = before.latest;
  const isRepeated = last !== null && last.kind === kind && last.from === from && last.to === to && last.mode === mode;
  const isNews = kind === "hold" ? before.journalled?.kind !== "hold" || before.journalled.by !== by : acts || !isRepeated;
  if (isNews) await world.registry.write("scalingDecision", keyOfDecision(group, pad(atMs)), decision, "any");
  await changeCell(world, input, (cell) => ({
    ...cell,
    decidedAtMs: atMs,
    latest: decision,
    approved: acts ? null : cell.approved,
    journalled: isNews ? { kind, by } : cell.journalled,
  }));
  if (kind === "hold" || !isNews || mode === "shadow") return;
  await world.bus.publish("scaling.change-decided", { group, kind, before: from, after: to, acts, by, reason });
}
