#!/usr/bin/env node
/**
 * The vault's program: `npm run vault -- <command>`. Plain JavaScript, since what is loaded before the compiled code of the run before
 * can be used would have Node start its compiler for types: a sixth of a backup of nothing new, and memory until its end.
 */
import { enableCompileCache } from "node:module";
import { setFlagsFromString } from "node:v8";

// V8's nursery stays as it is at the start: it would grow by 32 MiB within a large backup, and what is dropped there is swept in no time.
setFlagsFromString("--semi-space-growth-factor=1");
// What is loaded before this call is not kept for the next run, so the program is loaded after it.
enableCompileCache();
const { runVault } = await import("./vault/program.ts");
process.exitCode = await runVault(process.argv.slice(2), { out: process.stdout, err: process.stderr });
