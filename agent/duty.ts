/**
 * For a validator that cannot ask "may I sign": the agent starts it when the role is granted and stops it before the
 * acknowledgement of a fence, and by itself before the lease ends. Such a validator signs slot after slot unseen, so the
 * watermark that a fence acknowledges is the last slot that it could have signed. Hooks of one role never overlap.
 */

import type { RoleName } from "../core/kernel/ids.ts";
import type { Clock, Log } from "../core/kernel/ports.ts";
import { UNBOUNDED_SLOT } from "../core/kernel/slots.ts";
import type { AgentConfig, HookName } from "./config.ts";
import type { Gate } from "./gate.ts";
import type { HookRun, Hooks } from "./hooks.ts";

/** The supervisor's step: a stop begins this much before it must. */
export const DUTY_STEP_MS = 200;

export type Duty = ReturnType<typeof validatorDuty>;

export function validatorDuty(options: { config: AgentConfig; gate: Gate; hooks: Hooks; clock: Pick<Clock, "monotonicMs">; log: Log }) {
  const { config, gate, hooks, clock, log } = options;
  const stopMs = config.hooks.stop?.timeoutMs;
  const running = new Map<RoleName, number>();
  const queues = new Map<RoleName, Promise<unknown>>();

  const run = (name: HookName, role: RoleName, epoch?: number): Promise<HookRun> =>
    hooks.run(name, { fleet: config.fleet, node: config.node, role, ...(epoch === undefined ? {} : { epoch }) });

  const remainingMs = (role: RoleName): number => (gate.held(role)?.expiresAtMs ?? 0) - clock.monotonicMs();

  /** One at a time a role, in the order of asking. */
  function inTurn<T>(role: RoleName, work: () => Promise<T>): Promise<T> {
    const next = (queues.get(role) ?? Promise.resolve()).then(work);
    queues.set(
      role,
      next.catch(() => undefined),
    );
    return next;
  }

  async function stop(role: RoleName): Promise<HookRun> {
    const stopped = await run("stop", role, running.get(role));
    if (stopped.kind !== "failed") running.delete(role);
    return stopped;
  }

  async function start(role: RoleName, epoch: number): Promise<HookRun> {
    if (stopMs === undefined) return { kind: "none" };
    if (gate.held(role)?.epoch !== epoch || remainingMs(role) <= stopMs + DUTY_STEP_MS) {
      return { kind: "failed", reason: "the validator is not started: the lease that is left is no longer than a stop takes" };
    }
    // Counted as running from here: a start that failed half-way may have started something.
    running.set(role, epoch);
    return await run("start", role, epoch);
  }

  return {
    inTurn,
    run,
    start,
    stop,
    isRunning: (role: RoleName) => running.has(role),

    /** What a validator that runs unseen may have signed: everything granted; on a chain of heights, what its node shows. */
    signedAtMost(role: RoleName, head: number | null): number | null {
      const { throughSlot } = gate.storedOf(role);
      return throughSlot < UNBOUNDED_SLOT ? throughSlot : head;
    },

    /** After a start of the agent: whatever was running ran without a grant of this boot. */
    async begin(): Promise<void> {
      if (!hooks.has("stop")) return;
      for (const role of config.roles) await inTurn(role, () => stop(role));
    },

    /** Called every DUTY_STEP_MS. */
    async step(): Promise<void> {
      if (stopMs === undefined) return;
      for (const role of config.roles) {
        const epoch = gate.held(role)?.epoch;
        if (running.has(role) && remainingMs(role) <= stopMs + DUTY_STEP_MS) {
          log.decision({
            module: "agent",
            subject: role,
            kind: "stepped-down",
            reason: "the lease is about to end and was not renewed",
            epoch: running.get(role),
          });
          await inTurn(role, () => stop(role));
        } else if (!running.has(role) && epoch !== undefined && gate.promotedEpoch(role) === epoch && remainingMs(role) > 2 * stopMs) {
          await inTurn(role, () => start(role, epoch));
        }
      }
    },
  };
}
