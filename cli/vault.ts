#!/usr/bin/env node
/** The vault's program: `npm run vault -- <command>`. */
import { enableCompileCache } from "node:module";

// Compiled code is kept for the next run; what is loaded before this call is not, so the program is loaded after it.
enableCompileCache();
const { runVault } = await import("./vault/program.ts");
process.exitCode = await runVault(process.argv.slice(2), { out: process.stdout, err: process.stderr });
