/** State machines as the tests read them: every state with the machine that it stands in, and where an error leads. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { projectRoot } from "../../infra/bundle.ts";

/** The package ships no types. It brings the JSONata that conditions are written in. */
const here = createRequire(import.meta.url);
export const validate = here("asl-validator") as (machine: unknown) => { isValid: boolean; errors: unknown[] };
const jsonata = createRequire(here.resolve("asl-validator"))("jsonata") as (text: string) => { evaluate(input: unknown, bound: object): unknown };

export type Rule = { ErrorEquals: string[]; Next?: string; Output?: string; MaxAttempts?: number; MaxDelaySeconds?: number; JitterStrategy?: string };
export type State = {
  Type: string;
  Resource?: string;
  Arguments?: { FunctionName?: string };
  TimeoutSeconds?: number | string;
  HeartbeatSeconds?: number | string;
  Retry?: Rule[];
  Catch?: Rule[];
  Default?: string;
  Next?: string;
  End?: boolean;
  Choices?: { Condition: string; Next: string }[];
  Branches?: Machine[];
  ItemProcessor?: Machine;
  Output?: unknown;
};
export type Machine = { StartAt: string; States: Record<string, State>; QueryLanguage?: string };

const folder = join(projectRoot, "statemachines");
export const machines = readdirSync(folder)
  .filter((file) => file.endsWith(".asl.json"))
  .map((file) => ({ file, machine: JSON.parse(readFileSync(join(folder, file), "utf8")) as Machine }));

/** Every state with the machine it stands in, branches included. */
export function states(machine: Machine): { name: string; state: State; within: Machine }[] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    { name, state, within: machine },
    ...[...(state.Branches ?? []), ...(state.ItemProcessor ? [state.ItemProcessor] : [])].flatMap(states),
  ]);
}
export const tasksOf = (machine: Machine) => states(machine).filter(({ state }) => state.Type === "Task");
export const rulesOf = ({ state }: { state: State }) => [...(state.Retry ?? []), ...(state.Catch ?? [])];
export const placeholderOf = (state: State) => /\$\{(\w+)\}/.exec(`${state.Arguments?.FunctionName ?? ""}${state.Resource ?? ""}`)?.[1];

/** Where an error leads, past the choices on the way: `within` is the machine that the state stands in. */
export async function caught(within: Machine, name: string, error: string, input: Record<string, unknown>): Promise<string | undefined> {
  const rule = within.States[name]?.Catch?.find(({ ErrorEquals }) => ErrorEquals.includes(error) || ErrorEquals.includes("States.ALL"));
  const states = { input: { ...input, error: { Error: error, Cause: "as it was" } } };
  return await pastChoices(within, rule?.Next, states);
}

async function pastChoices(within: Machine, from: string | undefined, states: object): Promise<string | undefined> {
  let next = from;
  for (let state = within.States[next ?? ""]; state?.Type === "Choice"; state = within.States[next ?? ""]) {
    next = state.Default;
    for (const { Condition, Next } of (state.Choices ?? []).toReversed()) {
      const holds = await jsonata(Condition.replace(/^\{%|%\}$/g, "")).evaluate({}, { states });
      if (holds === true) next = Next;
    }
  }
  return next;
}

/** Where a choice leads, past other choices and waits on the way. */
export async function chosen(within: Machine, name: string, input: Record<string, unknown>): Promise<string | undefined> {
  const next = await pastChoices(within, name, { input });
  const state = within.States[next ?? ""];
  return state?.Type === "Wait" ? state.Next : next;
}

export function machineOf(file: string): Machine {
  const found = machines.find((each) => each.file === file);
  if (found === undefined) throw new Error(`no state machine is in ${file}`);
  return found.machine;
}

/** Every way out of a state, by its end, its choices or its errors. */
export const waysOf = (state: State): string[] =>
  [state.Next, state.Default, ...(state.Choices ?? []).map(({ Next }) => Next), ...rulesOf({ state }).map(({ Next }) => Next)].filter(
    (way) => way !== undefined,
  );

/** Every state that can come after `from`, itself included, on ways that pass none of `avoided`. */
export function reachable(within: Machine, from: string, avoided: readonly string[]): string[] {
  const reached = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = within.States[name];
    if (reached.has(name) || avoided.includes(name) || !state) continue;
    reached.add(name);
    open.push(...waysOf(state));
  }
  return [...reached];
}
