/**
 * An agent's vault jobs in memory, for the functions that order them: one job at a time, access that opens only with this boot's key, and
 * ends that a test chooses. What it tells has passed the shape of the real one's words.
 */
import { newBoxKey, openBox } from "../../adapters/sealed-box.ts";
import type { Command, Reply } from "../../core/kernel/agent-protocol.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import { ACCESS_CONTEXT, type JobId, JobView, type JobWork, ScratchView, VaultAccess } from "../../core/kernel/vault-job.ts";

type Told = Partial<Pick<JobView, "state" | "doing" | "result" | "fault">>;
export type JobEnd = { readonly afterMs: number; readonly told: Told | (() => Promise<Told>) };
type Current = { readonly id: JobId; readonly startedAtMs: number; end: JobEnd; access: VaultAccess; told: Told };
/** A real one closes its requests and files before it ends. */
const CANCEL_MS = 3_000;
type JobCommand = Extract<Command, { job: string } | { kind: "look-at-job" | "look-at-scratch" }>;
type Said = Record<string, unknown> & { kind: Reply["kind"] };

export const isJobCommand = (command: Command): command is JobCommand =>
  command.kind === "look-at-job" || command.kind === "look-at-scratch" || "job" in command;
const refused = (reason: string, code = "job-refused"): Said => ({ kind: "refused", code, reason });

export class FakeJobs {
  /** How the n-th job that is started here ends; the first is 1. */
  ends: (work: JobWork, start: number) => JobEnd = () => ({ afterMs: Number.POSITIVE_INFINITY, told: {} });
  scratch: (heights: readonly number[]) => Promise<ScratchView> = async () => {
    throw new RangeError("no scratch node is expected");
  };
  readonly started: { readonly job: JobId; readonly work: JobWork; readonly access: VaultAccess }[] = [];
  readonly cancelled: JobId[] = [];
  readonly scratched: string[] = [];
  /** What its hooks say when they fail. */
  hookFault: string | null = null;
  renewals = 0;
  /** Milliseconds for which a job ran on access that had ended. */
  withoutAccessMs = 0;
  private boxKey = newBoxKey();
  private current: Current | null = null;
  private lookedAtMs = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Another boot: what it worked on is forgotten, and so is its key. */
  restart(): void {
    this.boxKey = newBoxKey();
    this.current = null;
  }

  async obey(command: JobCommand): Promise<Said> {
    if (command.kind === "look-at-scratch") return { kind: "scratch", view: ScratchView.parse(await this.scratch(command.heights)) };
    if (command.kind === "boot-scratch" || command.kind === "end-scratch") return await this.hook(command.kind, command.job);
    await this.pass();
    if (command.kind === "start-job") {
      const refusal = this.start(command);
      if (refusal !== null) return refusal;
    }
    if (command.kind === "cancel-job") this.cancel(command.job);
    return { kind: "job", view: this.view() };
  }

  private async hook(kind: "boot-scratch" | "end-scratch", job: JobId): Promise<Said> {
    this.scratched.push(`${kind} ${job}`);
    if (this.hookFault !== null) return refused(this.hookFault, "hook-failed");
    return { kind: "scratch", view: ScratchView.parse({ state: "silent", reason: "it starts", chainId: null, head: null, hashes: [] }) };
  }

  private start({ job, work, access: sealed }: Extract<Command, { kind: "start-job" }>): Said | null {
    const opened = openBox(this.boxKey, sealed, ACCESS_CONTEXT);
    if (opened === null) return refused("the access was sealed to another key than this boot's");
    const access = VaultAccess.parse(JSON.parse(opened.toString("utf8")));
    if (this.state() === "running") {
      if (this.current?.id !== job) return refused(`${this.current?.id} is under way`);
      this.current.access = access;
      this.renewals += 1;
      return null;
    }
    if (this.current?.id === job && this.state() === "done") return null;
    this.started.push({ job, work, access });
    this.current = { id: job, startedAtMs: this.clock.monotonicMs(), end: this.ends(work, this.started.length), access, told: { state: "running" } };
    return null;
  }

  private cancel(job: JobId): void {
    this.cancelled.push(job);
    if (this.current?.id !== job || this.state() !== "running") return;
    this.current.end = { afterMs: this.clock.monotonicMs() - this.current.startedAtMs + CANCEL_MS, told: { state: "cancelled" } };
  }

  /** What has happened since it was last looked at. */
  private async pass(): Promise<void> {
    const nowMs = this.clock.wallMs();
    const { current } = this;
    if (current !== null && this.state() === "running") {
      this.withoutAccessMs += Math.max(0, nowMs - Math.max(current.access.expiresAtMs, this.lookedAtMs));
      const { afterMs, told } = current.end;
      if (this.clock.monotonicMs() - current.startedAtMs >= afterMs) current.told = typeof told === "function" ? await told() : told;
    }
    this.lookedAtMs = nowMs;
  }

  private state(): JobView["state"] {
    return this.current?.told.state ?? "none";
  }

  private view(): JobView {
    const nothing = { state: "none", doing: "", files: 0, bytes: 0, result: null, fault: null };
    return JobView.parse({ ...nothing, job: this.current?.id ?? null, ...this.current?.told, boxKey: this.boxKey.publicKey });
  }
}
