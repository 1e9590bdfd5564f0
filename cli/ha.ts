#!/usr/bin/env node
/** `ha`: the operator's command line. Run with `npm run ha -- <command>`, or linked as `ha` where Node 24 is installed. */
import pc from "picocolors";
import { openOperations } from "./open-world.ts";
import { runHa } from "./run.ts";

const stop = new AbortController();
/** The first Ctrl-C ends a watch in order; the second ends the process, whatever it waits for. */
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    stop.abort();
    process.once(signal, () => process.exit(130));
  });
}
/** A reader that has seen enough (`ha events | head`) is no error. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const terminal = { out: process.stdout, err: process.stderr, colours: pc.isColorSupported && process.stdout.isTTY === true, signal: stop.signal };
process.exitCode = await runHa(process.argv.slice(2), (options) => openOperations(options), terminal);
