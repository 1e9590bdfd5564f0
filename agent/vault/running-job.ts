/**
 * One vault job under way: the process that does it, what is told of it, and the directory that stands still for it. However the process
 * ends, the directory is let go, and the job has one end.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Log } from "../../core/kernel/ports.ts";
import type { JobId, JobView, VaultAccess } from "../../core/kernel/vault-job.ts";
import type { FromJob, JobBeginning, JobFault, ToJob } from "./job-messages.ts";

/** A cancelled job ends its requests and closes its files; one that does not is killed. */
const CANCEL_MS = 10_000;
/** How soon a node that is stopped for a backup is let go once a role comes to it. */
const LOOK_MS = 200;

export type Told = Pick<JobView, "state" | "doing" | "files" | "bytes" | "result" | "fault">;
export const NOTHING: Told = { state: "none", doing: "", files: 0, bytes: 0, result: null, fault: null };

/** How the directory is held for the job; null where it reads none. */
export type Hold = {
  hold(): Promise<JobFault | null>;
  letGo(): Promise<JobFault | null>;
  /** Why it must be let go early, if it must. */
  mustEnd(): string | null;
};

export class RunningJob {
  readonly id: JobId;
  told: Told = { ...NOTHING, state: "running", doing: "starting" };
  /** The job is over, and the directory is let go. */
  readonly settled: Promise<void>;
  private readonly child: ChildProcess;
  private readonly log: Log;
  private readonly node: string;
  private readonly over = Promise.withResolvers<void>();
  private readonly read = Promise.withResolvers<void>();
  private holding: Promise<void> = Promise.resolve();
  private isCancelled = false;

  constructor(beginning: JobBeginning & { job: JobId }, hold: Hold | null, log: Log) {
    this.id = beginning.job;
    this.node = beginning.node;
    this.log = log;
    const program = new URL(import.meta.url.endsWith(".ts") ? "./job-process.ts" : "./job-process.mjs", import.meta.url);
    this.child = fork(program, [], { serialization: "advanced", execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.child.on("message", (message: FromJob) => this.hear(message, hold));
    this.child.on("error", (error) => this.fail(lost(error.message)));
    this.child.on("exit", (code, signal) => this.fail(lost(signal === null ? `exit code ${code}` : `signal ${signal}`)));
    this.settled = this.over.promise.then(() => this.holding);
    this.tell({ kind: "begin", beginning });
  }

  renew(access: VaultAccess): void {
    this.tell({ kind: "access", access });
  }

  cancel(reason: string): void {
    if (this.told.state !== "running" || this.isCancelled) return;
    this.isCancelled = true;
    this.log.decision({ module: "agent", subject: this.node, kind: "job-cancelled", reason, job: this.id });
    this.tell({ kind: "cancel" });
    const timer = setTimeout(() => this.child.kill("SIGKILL"), CANCEL_MS);
    void this.over.promise.then(() => clearTimeout(timer));
  }

  private hear(message: FromJob, hold: Hold | null): void {
    if (this.told.state !== "running") return;
    const { kind } = message;
    if (kind === "progress") this.told = { ...this.told, doing: message.doing, files: message.files, bytes: message.bytes };
    else if (kind === "ready") this.holding = hold === null ? Promise.resolve() : this.holdFor(hold);
    else if (kind === "read") this.read.resolve();
    else if (kind === "done") this.end({ state: "done", result: message.result });
    else this.fail(message.fault);
  }

  private async holdFor(hold: Hold): Promise<void> {
    const fault = await hold.hold().catch(unheld);
    if (fault !== null) return this.fail(fault);
    this.tell({ kind: "still" });
    const watch = setInterval(() => {
      const reason = hold.mustEnd();
      if (reason !== null) this.cancel(reason);
    }, LOOK_MS);
    await Promise.race([this.read.promise, this.over.promise]);
    clearInterval(watch);
    const kept = await hold.letGo().catch(unheld);
    if (kept !== null) this.log.warn("the directory stands still although nothing is read any more", { job: this.id, reason: kept.sentence });
  }

  private fail(fault: JobFault): void {
    this.end({ state: this.isCancelled ? "cancelled" : "failed", fault });
  }

  /** The first word stands. */
  end(told: Partial<Told>): void {
    if (this.told.state !== "running") return;
    this.told = { ...this.told, ...told };
    this.child.kill("SIGKILL");
    const reason = this.told.fault?.sentence ?? this.told.doing;
    this.log.decision({ module: "agent", subject: this.node, kind: `job-${this.told.state}`, reason, job: this.id });
    this.over.resolve();
  }

  private tell(message: ToJob): void {
    if (this.child.connected) this.child.send(message);
  }
}

/** A disk that is full, most likely: it must not end the agent, which signs. */
const unheld = (error: unknown): JobFault => ({
  name: "StandstillFailed",
  sentence: `the directory could not be held or let go: ${error instanceof Error ? error.message : String(error)}`.slice(0, 2_000),
  transient: true,
});
const lost = (how: string): JobFault => ({ name: "JobLost", sentence: `the process that did the work ended on its own (${how})`, transient: true });
