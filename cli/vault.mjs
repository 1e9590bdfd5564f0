#!/usr/bin/env node
/**
 * The vault's program: `npm run vault -- <command>`. Plain JavaScript, since what is loaded before the compiled code of the run before
 * can be used would have Node start its compiler for types: a sixth of a backup of nothing new, and memory until its end.
 */
import { enableCompileCache } from "node:module";

// What is loaded before this call is not kept for the next run, so the program is loaded after it.
enableCompileCache();
const { runVault } = await import("./vault/program.ts");
process.exitCode = await runVault(process.argv.slice(2), { out: process.stdout, err: process.stderr });
