/** Has the agent on the host restore the copy: a drill from the farther Region alone, since what the nearer has is not what is proven. */
import { JobRefused } from "../../../core/kernel/errors.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { writerOf } from "../../../core/kernel/vault-signer.ts";
import type { Invocation } from "../../lambda.ts";
import { driveJob } from "../agent-job.ts";
import { signersOf } from "../signers.ts";
import { type DrillStep, drillNode, sayDrill } from "./step.ts";

const WRITE_MS = 2_000;

export async function restoreCopy(world: World, step: DrillStep, invocation: Invocation): Promise<DrillStep> {
  const node = drillNode(world, step.node);
  const { source, sequence, region, drill } = step;
  const signers = [...(await signersOf(world))(writerOf(source))];
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  const job = { id: drill, work: { kind: "restore", source, sequence, signers } as const, scope: { writes: null, regions: step.regions } };
  const driven = await driveJob(
    world,
    node,
    job,
    async (view) => {
      const nowMs = world.clock.monotonicMs();
      if (view.job !== drill || nowMs - writtenAtMs < WRITE_MS) return "go-on";
      writtenAtMs = nowMs;
      await sayDrill(world, step, { doing: `restoring from ${region}: ${view.doing}`, files: view.files, bytes: view.bytes });
      return "go-on";
    },
    invocation,
  );
  /** Nobody cancels a drill's job but its agent, for a reason of its own: the drill ends with it. */
  if (driven.kind === "cancelled") throw new JobRefused({ node: node.id, fault: "JobCancelled", sentence: driven.sentence });
  if (driven.kind !== "done" || driven.result.kind !== "restore")
    return { ...step, decision: "unfinished", reason: "the next function goes on with it" };
  const { folder, files, bytes, tookMs } = driven.result;
  await sayDrill(world, step, { doing: step.restoreOnly ? "" : "booting a node on it", files, bytes });
  return { ...step, restore: { ms: tookMs, bytes, folder }, decision: "restored", reason: `${files} files, ${bytes} bytes` };
}
