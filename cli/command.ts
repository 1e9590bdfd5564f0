/**
 * What a command of `ha` is: words for yargs, and a function from options and the fleet to an answer. A command decides what
 * to say, both for people and for programs; printing and exit codes are done in one place, `cli/run.ts`.
 */
import type { Argv } from "yargs";
import type { Fleet } from "../core/kernel/fleet.ts";
import type { Bus, Clock, Entropy, Nodes, Registry, Workflows } from "../core/kernel/ports.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type { Paint } from "./render/paint.ts";

/** The fleet as the command line reaches it. Opened by the first command that needs it. */
export type Operations = {
  readonly fleetName: string;
  /** Null where no fleet file is at hand: then the registry alone says what exists. */
  readonly fleet: Fleet | null;
  readonly region: string;
  readonly registry: Registry;
  readonly workflows: Workflows & {
    /** As `start`, of another state machine of the fleet. */
    startNamed(which: "backup" | "drill", name: string, input: Record<string, unknown>): Promise<{ execution: string }>;
  };
  readonly bus: Bus;
  /** Only in a rehearsal, where the nodes can be reached from here. */
  readonly nodes: Nodes | null;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly rehearsal: Rehearsal | null;
  /** Who asks, for the journal: the name on this machine, or `--by`. */
  readonly requestedBy: string;
  /** Regions whose own records could not be read, with the reason; grows as commands read. */
  readonly missingRegions: ReadonlyMap<string, string>;
  close(): void;
};

export type Out = { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };

export type Io = {
  readonly out: Out;
  readonly err: Out;
  readonly json: boolean;
  readonly paint: Paint;
  readonly signal: AbortSignal;
};

/** `data` is printed with `--json`, `text` otherwise. */
export type Answer = { readonly data: Readonly<Record<string, unknown>>; readonly text: string; readonly exit?: ExitCode };

export type Options = Readonly<Record<string, unknown>>;

export type Command = {
  /** yargs' words: the name and its positional arguments. */
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly (readonly [string, string])[];
  build(argv: Argv): Argv;
  /** Null when everything was written as it came. */
  run(options: Options, operations: Operations, io: Io): Promise<Answer | null>;
};

export const textOption = (options: Options, name: string): string | undefined =>
  typeof options[name] === "string" && options[name] !== "" ? options[name] : undefined;

export const numberOption = (options: Options, name: string): number | undefined => {
  const value = options[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};
