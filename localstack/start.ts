/**
 * `npm start`: a rehearsal in the foreground. One line a step with its time, then the live feed until Ctrl-C. However this process
 * ends, the warden ends all that it started.
 */
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { systemClock } from "../adapters/clock-system.ts";
import { runFeed } from "./feed.ts";
import { openRehearsal, type Rehearsal, RehearsalRuns } from "./rehearsal/open-rehearsal.ts";

const root = join(import.meta.dirname, "..");
/** For a rehearsal beside another: `npm start -- --folder <folder> --port <emulator's port>`. */
const { values } = parseArgs({ options: { folder: { type: "string" }, port: { type: "string" } } });
const began = performance.now();
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1).padStart(5)} s`;
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort(signal));

let rehearsal: Rehearsal | undefined;
try {
  rehearsal = await openRehearsal({
    root,
    folder: values.folder ?? join(root, ".rehearsal"),
    fleetName: "rehearsal",
    fixedPorts: values.port === undefined,
    ...(values.port === undefined ? {} : { emulatorPort: Number(values.port) }),
    onStep: ({ name, ms, note }) => console.log(`${seconds(performance.now() - began)}  ${name.padEnd(20)} ${seconds(ms)}  ${note ?? ""}`.trimEnd()),
    signal: stop.signal,
  });
  console.log(`${seconds(performance.now() - began)}  live. In a second terminal: npm run ha -- fault kill n1. Ctrl-C ends it all.\n`);
  const { registry, fleet, processes } = rehearsal;
  void processes.lost.then((reason) => stop.abort(new Error(reason)));
  await runFeed({ registry, fleet, clock: systemClock(), out: process.stdout, signal: stop.signal });
  if (stop.signal.reason instanceof Error) throw stop.signal.reason;
} catch (error) {
  // Ctrl-C is an end like any other; that the warden died, and everything with it, is not.
  if (!stop.signal.aborted || stop.signal.reason instanceof Error) {
    process.exitCode = error instanceof RehearsalRuns ? 2 : 1;
    console.error(styleText("red", error instanceof Error ? error.message : String(error)));
  }
} finally {
  await rehearsal?.close();
}
