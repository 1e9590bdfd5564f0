/** Holds the booted node against a quorum of the network, and stays until it has caught up with it. */
import { judgeScratch } from "../../../core/backup/restore-drill/judgement.ts";
import type { Drill } from "../../../core/kernel/backup-source.ts";
import { JobRefused } from "../../../core/kernel/errors.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { ScratchView } from "../../../core/kernel/vault-job.ts";
import type { Invocation } from "../../lambda.ts";
import { liveNodes } from "./live.ts";
import { type DrillStep, drillNode, sayDrill } from "./step.ts";

const LOOK_MS = 500;
const WRITE_MS = 2_000;
const ASK_MS = 5_000;
const END_MS = 30_000;

export async function verifyNode(world: World, step: DrillStep, invocation: Invocation): Promise<DrillStep> {
  const policy = world.fleet.vault?.backups?.drill;
  const deadlineMs = (step.boot?.atMs ?? step.startedAtMs) + (policy?.catchUpSeconds ?? 0) * 1_000;
  const told = throttled(world, step);
  for (let now = step; ; await world.clock.sleep(LOOK_MS)) {
    const looked = await look(world, now, told);
    now = looked.step;
    if (looked.lagBlocks !== null && looked.lagBlocks <= (policy?.catchUpBlocks ?? 0)) {
      const caughtUp = { atMs: world.clock.wallMs(), height: looked.height };
      return { ...now, caughtUp, decision: "caught-up", reason: `within ${looked.lagBlocks} blocks of the network's head` };
    }
    if (world.clock.wallMs() > deadlineMs) throw new JobRefused({ node: now.node, fault: "NotCaughtUp", sentence: looked.reason });
    if (invocation.remainingMs() < END_MS) return { ...now, decision: "unfinished", reason: looked.reason };
  }
}

type Looked = { readonly step: DrillStep; readonly lagBlocks: number | null; readonly height: number; readonly reason: string };

/** People watch the record; it is written when the checks are there or one fails, and else this often. */
function throttled(world: World, { checks }: DrillStep): (step: DrillStep, now: Pick<Drill, "checks" | "doing">) => Promise<void> {
  let writtenAtMs = checks.length === 0 ? Number.NEGATIVE_INFINITY : world.clock.monotonicMs();
  return async (step, now) => {
    const nowMs = world.clock.monotonicMs();
    if (nowMs - writtenAtMs < WRITE_MS && now.checks.every(({ held }) => held)) return;
    writtenAtMs = nowMs;
    await sayDrill(world, step, now);
  };
}

async function look(world: World, step: DrillStep, told: ReturnType<typeof throttled>): Promise<Looked> {
  const heights = [0, ...(step.point === null ? [] : [step.point.height])];
  const [view, live] = await Promise.all([askScratch(world, step, heights), liveNodes(world, heights)]);
  const { chainId, genesisHash } = world.fleet.chain;
  const judged = judgeScratch({ view, live, fleetSize: world.fleet.nodes.length, chain: { chainId, genesisHash }, point: step.point });
  if (judged.kind === "waits" || view.head === null)
    return { step, lagBlocks: null, height: 0, reason: judged.kind === "waits" ? judged.reason : "it has no head" };
  const failed = judged.checks.filter(({ held }) => !held);
  const checks = judged.checks.map((check) => ({ ...check }));
  const booted = step.booted ?? { height: view.head.height, timestampS: view.head.timestampS };
  await told(step, { checks, doing: `catching up: ${judged.lagBlocks} blocks behind` });
  if (failed.length > 0)
    throw new JobRefused({ node: step.node, fault: "OtherNetwork", sentence: failed.map(({ name, found }) => `${name}: ${found}`).join("; ") });
  return {
    step: { ...step, booted, checks },
    lagBlocks: judged.lagBlocks,
    height: view.head.height,
    reason: `it is ${judged.lagBlocks} blocks behind the network`,
  };
}

async function askScratch(world: World, step: DrillStep, heights: readonly number[]): Promise<ScratchView> {
  const answer = await world.agents.call<"look-at-scratch">(
    drillNode(world, step.node),
    { kind: "look-at-scratch", heights: [...heights] },
    { timeoutMs: ASK_MS },
  );
  if (answer.kind === "answered") return answer.reply.view;
  return { state: "silent", reason: answer.reason.slice(0, 1_000), chainId: null, head: null, hashes: [] };
}
