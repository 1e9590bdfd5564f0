/**
 * All that the rehearsal network asks of whoever runs its processes. The supervisor's warden implements it, so that no
 * process outlives the supervisor; tests bring one that spawns directly.
 */
export type ProcessSpec = {
  /** Unique in a run; `n1` is a node, `a1` its agent, `v1` its validator. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

export interface StartedProcess {
  readonly pid: number;
  signal(name: NodeJS.Signals): unknown;
  /** Resolves, whatever with, once the process is gone. */
  readonly exited: Promise<unknown>;
}

export interface ProcessStarter {
  start(spec: ProcessSpec): Promise<StartedProcess>;
}
