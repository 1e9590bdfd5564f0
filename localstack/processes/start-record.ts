/**
 * Keeps `state.json` true while a start runs: who supervises, who wards, what was started. A process is written down with its
 * start time within moments of its start; should supervisor and warden both be killed, the next start finds it there.
 */
import { identify, type ProcessIdentity } from "./process-identity.ts";
import { claimState, readState, removeState, type State, stateFile, writeState } from "./state-file.ts";

export class StartRecord {
  #state: State;
  readonly #folder: string;
  /** What was asked to be written down, in order; a process that ends meanwhile is simply not found. */
  #writing: Promise<void> = Promise.resolve();
  readonly #gone = new Set<number>();

  private constructor(folder: string, state: State) {
    this.#folder = folder;
    this.#state = state;
  }

  /** Throws, naming who holds it, when another start has the folder. */
  static async claim(folder: string, wardenPid: number): Promise<StartRecord> {
    const found = await identify([process.pid, wardenPid]);
    const [supervisor, warden] = [found.get(process.pid), found.get(wardenPid)];
    if (!supervisor || !warden) throw new Error("the warden ended as soon as it was started; its own log says why.");
    const state: State = { format: 1, supervisor, warden, processes: [] };
    if (claimState(folder, state) === "claimed") return new StartRecord(folder, state);
    const held = readState(folder);
    const holder = held.kind === "found" ? ` by process ${held.state.supervisor.pid}` : "";
    throw new Error(
      `${stateFile(folder)} is held${holder}: one start at a time runs in a folder. Stop that one, or clear it with clearEarlierStart.`,
    );
  }

  add(name: string, pid: number): void {
    this.#later(async () => {
      const identity = (await identify([pid])).get(pid);
      if (identity && !this.#gone.has(pid)) this.#put([...this.#state.processes, { name, ...identity }]);
    });
  }

  forget(pid: number): void {
    this.#gone.add(pid);
    this.#later(async () => this.#put(this.#state.processes.filter((each) => each.pid !== pid)));
  }

  remember(details: Readonly<Record<string, unknown>>): void {
    const { format, supervisor, warden, processes } = this.#state;
    this.#state = { ...this.#state, ...details, format, supervisor, warden, processes };
    writeState(this.#folder, this.#state);
  }

  async close(): Promise<void> {
    await this.#writing;
    removeState(this.#folder);
  }

  #put(processes: (ProcessIdentity & { name: string })[]): void {
    this.#state = { ...this.#state, processes };
    writeState(this.#folder, this.#state);
  }

  #later(work: () => Promise<void>): void {
    this.#writing = this.#writing.then(work);
  }
}
