/**
 * A command that is waited for: a tool that installs, synthesizes or deploys. It runs under the warden like everything else, so
 * an interrupted start leaves no half-done tool at work, and when it fails the end of its log is in the error.
 */
import { readFileSync } from "node:fs";
import type { Processes, StartOrder } from "./open-processes.ts";

/** The last lines of a tool's output say what went wrong; more only hides it. */
const TAIL_LINES = 25;

export type Run = { readonly name: string; readonly ms: number; readonly output: string };

/** Resolves when the command has ended well; throws when it ends otherwise, or is not done `withinMs`, when it is stopped. */
export async function runToEnd(processes: Processes, order: StartOrder, options: { withinMs: number }): Promise<Run> {
  const from = performance.now();
  const child = await processes.start(order);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void processes.stop(order.name);
  }, options.withinMs);
  const exit = await child.exited;
  clearTimeout(timer);
  const output = readFileSync(child.log, "utf8");
  if (exit.code === 0) return { name: order.name, ms: Math.round(performance.now() - from), output };
  const how = late ? `was not done within ${options.withinMs / 1_000} s and was stopped` : `ended with ${exit.signal ?? `exit ${exit.code}`}`;
  throw new Error(`${order.name} ${how}. The end of ${child.log}:\n${output.trimEnd().split("\n").slice(-TAIL_LINES).join("\n")}`);
}
