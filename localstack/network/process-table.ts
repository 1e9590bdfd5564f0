/** The rehearsal's processes by name: what was started, whether it lives or is stopped, and how to start it again. */
import type { ProcessSpec, ProcessStarter, StartedProcess } from "./process-starter.ts";

/** An agent writes its closing record within milliseconds; one that does not is made to end. */
const END_MS_MAX = 5_000;

type Entry = { spec: ProcessSpec; ready: (process: StartedProcess) => Promise<void>; process: StartedProcess; alive: boolean; stopped: boolean };
export type ProcessTable = ReturnType<typeof processTable>;
export type ProcessState = { readonly name: string; readonly pid: number; readonly state: "running" | "stopped" | "dead" };

export function processTable(starter: ProcessStarter) {
  const entries = new Map<string, Entry>();

  /** Resolves once `ready` does. */
  async function start(spec: ProcessSpec, ready: (process: StartedProcess) => Promise<void> = async () => {}): Promise<void> {
    const process = await starter.start(spec);
    const entry: Entry = { spec, ready, process, alive: true, stopped: false };
    entries.set(spec.name, entry);
    void process.exited.then(() => {
      entry.alive = false;
    });
    await ready(process);
  }

  /** False where there was nobody to hear it. */
  async function signal(name: string, signal: NodeJS.Signals): Promise<boolean> {
    const entry = find(name);
    if (entry === undefined || !entry.alive) return false;
    await entry.process.signal(signal);
    if (signal === "SIGSTOP") entry.stopped = true;
    if (signal === "SIGCONT") entry.stopped = false;
    // Whoever kills wants it dead when it goes on: the next step may start it again.
    if (signal === "SIGKILL") await entry.process.exited;
    return true;
  }

  /** SIGTERM, then SIGKILL; resolves when it is gone. */
  async function end(name: string): Promise<void> {
    const entry = find(name);
    if (entry === undefined || !entry.alive) return;
    await entry.process.signal("SIGTERM");
    if (entry.stopped) await entry.process.signal("SIGCONT");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), END_MS_MAX);
    });
    const outcome = await Promise.race([entry.process.exited, late]);
    clearTimeout(timer);
    if (outcome !== "late" || !entry.alive) return;
    await entry.process.signal("SIGKILL");
    await entry.process.exited;
  }

  async function restart(name: string): Promise<void> {
    const entry = find(name);
    if (entry === undefined) throw new RangeError(`no process ${name} was ever started; there are ${[...entries.keys()].join(", ")}`);
    await end(name);
    await start(entry.spec, entry.ready);
  }

  /** For what is not to be started again by anybody: it has ended, and is listed no more. */
  async function remove(name: string): Promise<void> {
    await end(name);
    entries.delete(name);
  }

  const find = (name: string): Entry | undefined => entries.get(name);
  const states = (): readonly ProcessState[] =>
    [...entries].map(([name, { process, alive, stopped }]) => ({
      name,
      pid: process.pid,
      state: alive ? (stopped ? "stopped" : "running") : "dead",
    }));

  return { start, signal, end, remove, restart, states };
}
