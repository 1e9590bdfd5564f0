/**
 * One look ahead after another, until the next minute's run goes on. A node that cannot be looked at is skipped and said; the others are
 * looked at all the same.
 */
import type { World } from "../../../core/kernel/ports.ts";
import { claimForesight } from "./claiming.ts";

/** EventBridge starts the next run then. */
const RUN_MS = 60_000;

export type Looked = { readonly decision: "looked" | "elsewhere"; readonly reason: string };

export async function foresee(world: World): Promise<Looked> {
  const { clock, fleet } = world;
  const everyMs = fleet.policies.prediction.everySeconds * 1_000;
  const startMs = clock.monotonicMs();
  for (;;) {
    const fromMs = clock.monotonicMs();
    const looked = await lookAhead(world);
    if (clock.monotonicMs() - startMs + everyMs >= RUN_MS) return looked;
    await clock.sleep(Math.max(0, everyMs - (clock.monotonicMs() - fromMs)));
  }
}

async function lookAhead(world: World): Promise<Looked> {
  const claim = await claimForesight(world);
  if (claim.kind === "elsewhere") return { decision: "elsewhere", reason: claim.reason };
  return { decision: "looked", reason: "" };
}
