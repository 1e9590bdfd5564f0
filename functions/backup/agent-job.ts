/**
 * Has an agent do one vault job and stays with it: orders it, gives and renews its access, and looks every second until it is over or
 * this function's time is. The next function goes on with the same job; an agent that was started again is ordered anew, and finds what
 * the run before had stored.
 */
import { sealTo } from "../../adapters/sealed-box.ts";
import { AgentUnreachable, InputInvalid, JobFailed, JobRefused } from "../../core/kernel/errors.ts";
import type { FleetNode } from "../../core/kernel/fleet.ts";
import type { AccessScope, FleetVault, World } from "../../core/kernel/ports.ts";
import { ACCESS_CONTEXT, type JobId, type JobResult, type JobView, type JobWork } from "../../core/kernel/vault-job.ts";
import type { Invocation } from "../lambda.ts";
import { AGENT_TIMEOUT_MS, faultText, giveOrder } from "../orders.ts";

const LOOK_MS = 1_000;
/** An agent that restarts with its host is back within this. */
const SILENT_MS_MAX = 90_000;
/** Credentials are renewed this long before they end: three looks of the SDK, which asks five minutes ahead. */
const RENEW_BEFORE_MS = 15 * 60_000;
const STARTS_MAX = 4;
/** What a function needs to end in order, with a slow registry. */
const END_MS = 30_000;
/** An order carries credentials and names; a restart in between costs one more look. */
const ORDER_MS = 5_000;

export type Job = { readonly id: JobId; readonly work: JobWork; readonly scope: AccessScope };
export type Driven =
  | { readonly kind: "unfinished" }
  | { readonly kind: "cancelled"; readonly sentence: string }
  | { readonly kind: "done"; readonly result: JobResult };
/** Told of each look; says whether the job is to go on. */
export type OnLook = (view: JobView) => Promise<"go-on" | "cancel">;

export async function vaultOf(world: World): Promise<FleetVault> {
  if (world.vault === null) throw new InputInvalid({ where: "the fleet file", faults: ["it has no vault, or this function was not told of it"] });
  return await world.vault();
}

/** Throws `AgentUnreachable`, `JobFailed` (try again) or `JobRefused`. */
export async function driveJob(
  world: World,
  node: FleetNode,
  job: Job,
  onLook: OnLook,
  invocation: Pick<Invocation, "remainingMs">,
): Promise<Driven> {
  const driver = new Driver(world, node, job);
  for (;;) {
    const over = await driver.look(onLook);
    if (over !== null) return over;
    if (invocation.remainingMs() < END_MS) return { kind: "unfinished" };
    await world.clock.sleep(LOOK_MS);
  }
}

class Driver {
  private readonly world: World;
  private readonly node: FleetNode;
  private readonly job: Job;
  private silentSinceMs: number | null = null;
  private accessEndsAtMs = 0;
  private starts = 0;
  private isCancelled = false;

  constructor(world: World, node: FleetNode, job: Job) {
    this.world = world;
    this.node = node;
    this.job = job;
  }

  async look(onLook: OnLook): Promise<Driven | null> {
    const { clock, agents } = this.world;
    const looked = await agents.call<"look-at-job">(this.node, { kind: "look-at-job" }, { timeoutMs: AGENT_TIMEOUT_MS });
    if (looked.kind !== "answered") {
      this.silentSinceMs ??= clock.monotonicMs();
      if (clock.monotonicMs() - this.silentSinceMs <= SILENT_MS_MAX) return null;
      throw new AgentUnreachable({ node: this.node.id, reason: faultText(looked) });
    }
    this.silentSinceMs = null;
    const { view } = looked.reply;
    const isUnderWay = view.job === this.job.id && view.state === "running";
    if (view.job === this.job.id && !isUnderWay && !this.isOfEarlierTry(view)) return this.end(view);
    if ((await onLook(view)) === "cancel")
      return isUnderWay ? await this.cancel() : { kind: "cancelled", sentence: "it was cancelled before it began" };
    if (!isUnderWay || clock.wallMs() > this.accessEndsAtMs - RENEW_BEFORE_MS) await this.order(view, isUnderWay);
    return null;
  }

  /** What failed for a passing reason was told by the function before this one; this one is there because it is tried again. */
  private isOfEarlierTry({ state, fault }: JobView): boolean {
    return state === "failed" && fault?.transient === true && this.starts === 0;
  }

  private async order(view: JobView, isRenewal: boolean): Promise<void> {
    if (!isRenewal) this.starts += 1;
    if (this.starts > STARTS_MAX) {
      throw new JobFailed({
        node: this.node.id,
        fault: "JobLost",
        sentence: `the agent was ordered ${STARTS_MAX} times and knows nothing of ${this.job.id}`,
      });
    }
    const access = await (await vaultOf(this.world)).access(this.job.scope);
    const sealed = sealTo(view.boxKey, Buffer.from(JSON.stringify(access), "utf8"), ACCESS_CONTEXT);
    const { id: job, work } = this.job;
    const answer = await giveOrder<"start-job">(
      this.world,
      this.node,
      ({ nonce }) => ({ kind: "start-job", nonce, job, work, access: sealed }),
      ORDER_MS,
    );
    if (answer.kind === "answered") this.accessEndsAtMs = access.expiresAtMs;
    else if (answer.kind === "refused") throw new JobFailed({ node: this.node.id, fault: answer.code, sentence: answer.reason });
  }

  private async cancel(): Promise<null> {
    if (this.isCancelled) return null;
    const { id: job } = this.job;
    const answer = await giveOrder<"cancel-job">(this.world, this.node, ({ nonce }) => ({ kind: "cancel-job", nonce, job }));
    this.isCancelled = answer.kind === "answered";
    return null;
  }

  private end({ state, result, fault }: JobView): Driven {
    if (state === "done" && result !== null) return { kind: "done", result };
    if (state === "cancelled") return { kind: "cancelled", sentence: fault?.sentence ?? "it was cancelled" };
    const facts = { node: this.node.id, fault: fault?.name ?? "JobLost", sentence: fault?.sentence ?? "the agent does not say why" };
    throw fault?.transient === true ? new JobFailed(facts) : new JobRefused(facts);
  }
}
