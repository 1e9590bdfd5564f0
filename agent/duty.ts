/**
 * For a validator that cannot ask "may I sign": the agent starts it when the role is granted and stops it before the
 * acknowledgement of a fence, and by itself before the lease ends. Such a validator signs slot after slot unseen, so once it
 * is stopped, by whomever, all that it may have signed is made durable in the watermark; until then nothing is acknowledged.
 * Hooks of one role never overlap, and none of them stands in front of a stop.
 */

import type { RoleName } from "../core/kernel/ids.ts";
import type { Clock, Log } from "../core/kernel/ports.ts";
import { UNBOUNDED_SLOT } from "../core/kernel/slots.ts";
import type { AgentConfig, HookName } from "./config.ts";
import type { Gate } from "./gate.ts";
import type { HookRun, Hooks } from "./hooks.ts";
import { roleTurns } from "./role-turns.ts";

/** How often the supervisor looks. */
export const DUTY_STEP_MS = 200;
/** A stop begins this much before it must: a step until that is noticed, and as long to kill what ran and to begin. */
const STOP_LEAD_MS = 2 * DUTY_STEP_MS;

export type Standstill = { readonly kind: "stopped" } | { readonly kind: "failed"; readonly reason: string };
export type Duty = ReturnType<typeof validatorDuty>;

type Options = {
  config: Pick<AgentConfig, "fleet" | "node" | "roles" | "hooks">;
  gate: Gate;
  hooks: Hooks;
  clock: Pick<Clock, "monotonicMs">;
  log: Log;
  /** The height that the node beside the agent shows now, or null where it shows none. */
  headNow: () => Promise<number | null>;
};

export function validatorDuty({ config, gate, hooks, clock, log, headNow }: Options) {
  const stopMs = config.hooks.stop?.timeoutMs;
  const turns = roleTurns();
  /** What may be running, and since which epoch; undefined for what an earlier boot may have left behind. */
  const running = new Map<RoleName, number | undefined>();
  /** Roles whose validator ran, and whose watermark does not yet cover all that it may have signed. */
  const unaccounted = new Set<RoleName>();
  /** Roles whose promote or start hook runs at this moment. */
  const leashed = new Set<RoleName>();
  const starting = new Set<RoleName>();
  const stopping = new Set<RoleName>();
  let ending = false;

  const run = (name: HookName, role: RoleName, epoch?: number, giveWay?: AbortSignal): Promise<HookRun> =>
    hooks.run(name, { fleet: config.fleet, node: config.node, role, ...(epoch === undefined ? {} : { epoch }) }, giveWay);

  const remainingMs = (role: RoleName): number => (gate.held(role)?.expiresAtMs ?? 0) - clock.monotonicMs();

  /** Why a hook that helps a validator on must not begin now. */
  function notNow(role: RoleName, epoch: number, giveWay: AbortSignal): string | null {
    if (stopMs === undefined) return null;
    if (giveWay.aborted) return String(giveWay.reason);
    if (ending) return "the agent is ending";
    const enough = gate.held(role)?.epoch === epoch && remainingMs(role) > stopMs + STOP_LEAD_MS;
    return enough ? null : "the lease that is left is no longer than a stop takes";
  }

  /** Runs while the lease, renewals included, leaves time for a stop; `step` cuts it short when it does no more. */
  async function onLeash(name: "promote" | "start", role: RoleName, epoch: number, giveWay: AbortSignal): Promise<HookRun> {
    const reason = notNow(role, epoch, giveWay);
    if (reason !== null) return { kind: "failed", reason: `was not run: ${reason}` };
    leashed.add(role);
    // Counted as running from here: a start that failed half-way may have started something.
    if (name === "start") {
      running.set(role, epoch);
      unaccounted.add(role);
    }
    return await run(name, role, epoch, giveWay).finally(() => leashed.delete(role));
  }

  /**
   * Makes durable what an unseen validator may have signed: everything granted; on a chain of heights, what its node shows.
   * Returns why it cannot.
   */
  async function account(role: RoleName): Promise<string | null> {
    const { throughSlot } = gate.storedOf(role);
    const slot = throughSlot < UNBOUNDED_SLOT ? throughSlot : await headNow();
    if (slot === null) return "its node no longer says which height it signed last";
    const failed = gate.raise(role, slot);
    if (failed === null) unaccounted.delete(role);
    return failed?.reason ?? null;
  }

  /** Stops what runs and accounts for what ran. To be called in turn; where nothing ran it does nothing. */
  async function standStill(role: RoleName): Promise<Standstill> {
    if (running.has(role)) {
      const stopped = await run("stop", role, running.get(role));
      if (stopped.kind === "failed") return { kind: "failed", reason: `the validator may still be signing: the stop hook ${stopped.reason}` };
    }
    const missing = unaccounted.has(role) ? await account(role) : null;
    running.delete(role);
    return missing === null ? { kind: "stopped" } : { kind: "failed", reason: `the validator is stopped, and ${missing}: wait the lease out` };
  }

  /** Not waited for: a role's hook that takes its time holds up neither the next look nor another role. */
  function undertake(role: RoleName, underway: Set<RoleName>, work: (giveWay: AbortSignal) => Promise<unknown>): void {
    if (underway.has(role)) return;
    underway.add(role);
    void turns
      .inTurn(role, work)
      .catch((error: unknown) => log.warn("a hook's turn met a fault of ours", { role, error: String(error) }))
      .finally(() => underway.delete(role));
  }

  function stepDown(role: RoleName): void {
    turns.giveWay(role, "the lease that is left is needed for a stop");
    if (!running.has(role) || stopping.has(role)) return;
    const reason = gate.held(role) === null ? "there is no lease for what may be running" : "the lease is about to end and was not renewed";
    log.decision({ module: "agent", subject: role, kind: "stepped-down", reason, epoch: running.get(role) ?? null });
    undertake(role, stopping, () => standStill(role));
  }

  return {
    ...turns,
    run,
    standStill,
    isRunning: (role: RoleName) => running.has(role),

    promote: (role: RoleName, epoch: number, giveWay: AbortSignal): Promise<HookRun> => onLeash("promote", role, epoch, giveWay),

    async start(role: RoleName, epoch: number, giveWay: AbortSignal): Promise<HookRun> {
      return stopMs === undefined ? { kind: "none" } : await onLeash("start", role, epoch, giveWay);
    },

    /** After a start of the agent: whatever is running runs without a grant of this boot. */
    async begin({ closedCleanly }: { closedCleanly: boolean }): Promise<void> {
      if (stopMs === undefined) return;
      for (const role of config.roles) {
        running.set(role, undefined);
        if (!closedCleanly) unaccounted.add(role);
      }
      await Promise.all(config.roles.map((role) => turns.inTurn(role, () => standStill(role))));
    },

    /** Called every DUTY_STEP_MS; waits for nothing. */
    step(): void {
      if (stopMs === undefined) return;
      for (const role of config.roles) {
        const epoch = gate.held(role)?.epoch;
        const leftMs = remainingMs(role) - STOP_LEAD_MS;
        if (leftMs <= stopMs) {
          if (running.has(role) || leashed.has(role)) stepDown(role);
        } else if (!running.has(role) && epoch !== undefined && gate.promotedEpoch(role) === epoch && leftMs > 2 * stopMs) {
          undertake(role, starting, (giveWay) => onLeash("start", role, epoch, giveWay));
        }
      }
    },

    /** Starts nothing from here on, and stops every role. Returns why the boot has not ended cleanly. */
    async end(): Promise<string | null> {
      ending = true;
      const stood = config.roles.map((role): Promise<Standstill> => {
        turns.giveWay(role, "the agent is ending");
        const settled = !running.has(role) && !unaccounted.has(role);
        return settled ? Promise.resolve({ kind: "stopped" }) : turns.inTurn(role, () => standStill(role));
      });
      const reasons = (await Promise.all(stood)).flatMap((one) => (one.kind === "failed" ? [one.reason] : []));
      return reasons.length === 0 ? null : reasons.join("; ");
    },
  };
}
