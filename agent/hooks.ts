/**
 * Runs the operator's hooks: argument vectors, never a shell; a small environment of our own instead of the agent's; a time
 * limit, or a stop that is due, at which the whole process group is killed; output bounded and logged by its end. A hook can be
 * run for the same epoch more than once and must then do nothing new.
 */
import { spawn } from "node:child_process";
import type { Log } from "../core/kernel/ports.ts";
import type { HookName } from "./config.ts";
import type { Hook } from "./config-parts.ts";

const OUTPUT_CHARACTERS_MAX = 2_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export type HookFacts = { readonly fleet: string; readonly node: string; readonly role: string; readonly epoch?: number };
export type HookRun =
  | { readonly kind: "done"; readonly output: string }
  | { readonly kind: "failed"; readonly reason: string }
  /** The operator configured none: nothing to do is a success. */
  | { readonly kind: "none" };

export type Hooks = { run(name: HookName, facts: HookFacts, giveWay?: AbortSignal): Promise<HookRun> };

export function operatorHooks(configured: Partial<Record<HookName, Hook | undefined>>, log: Log): Hooks {
  return {
    async run(name, facts, giveWay) {
      const hook = configured[name];
      if (hook === undefined) return { kind: "none" };
      const run = await runCommand(hook, environmentFor(name, facts), giveWay);
      const reason = run.kind === "failed" ? run.reason : "exit code 0";
      log.decision({ module: "agent", subject: facts.role, kind: `hook-${name}-${run.kind}`, reason, epoch: facts.epoch ?? null });
      return run;
    },
  };
}

/** What every hook is told. */
export function hookEnvironment(name: string, { fleet, node }: { fleet: string; node: string }): Record<string, string> {
  return { PATH, SYNNERGY_HOOK: name, SYNNERGY_FLEET: fleet, SYNNERGY_NODE: node };
}

function environmentFor(name: HookName, facts: HookFacts): Record<string, string> {
  return {
    ...hookEnvironment(name, facts),
    SYNNERGY_ROLE: facts.role,
    ...(facts.epoch === undefined ? {} : { SYNNERGY_EPOCH: String(facts.epoch) }),
  };
}

type Run = Exclude<HookRun, { kind: "none" }>;

/** `giveWay` ends it as its time limit does; its reason is told. */
export function runCommand(hook: Hook, env: Record<string, string>, giveWay?: AbortSignal): Promise<Run> {
  const [program, ...args] = hook.command;
  if (program === undefined) return Promise.resolve({ kind: "failed", reason: "the hook's command is empty" });
  if (giveWay?.aborted) return Promise.resolve({ kind: "failed", reason: `was not run: ${giveWay.reason}` });
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, cwd: "/", shell: false, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const gather = (part: Buffer): void => {
      if (output.length < OUTPUT_CHARACTERS_MAX) output = (output + part.toString("utf8")).slice(0, OUTPUT_CHARACTERS_MAX);
    };
    child.stdout.on("data", gather);
    child.stderr.on("data", gather);
    const failed = (how: string): Run => ({ kind: "failed", reason: `${how}; it said: ${output.trim() || "nothing"}` });
    const kill = (why: string): void => {
      release();
      if (child.pid !== undefined) killGroup(child.pid);
      resolve(failed(`killed ${why}`));
    };
    const timer = setTimeout(() => kill(`after ${hook.timeoutMs} ms`), hook.timeoutMs);
    const yieldNow = (): void => kill(`early: ${giveWay?.reason}`);
    giveWay?.addEventListener("abort", yieldNow, { once: true });
    // Nothing may be killed by its number once it has ended: the number may be another's.
    const release = (): void => {
      clearTimeout(timer);
      giveWay?.removeEventListener("abort", yieldNow);
    };
    child.on("error", (error) => {
      release();
      resolve({ kind: "failed", reason: `could not be started: ${error.message}` });
    });
    // `exit`, not `close`: a child that was left in the background holds the pipes open and must not hold us.
    child.on("exit", (code, signal) => {
      release();
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      setImmediate(() => resolve(code === 0 ? { kind: "done", output } : failed(how)));
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: it ended between the timer and the signal, which is what we wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
