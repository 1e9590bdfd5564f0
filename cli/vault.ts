#!/usr/bin/env node
/** The vault's program: `npm run vault -- <command>`. */
import { enableCompileCache } from "node:module";
import { runVault } from "./vault/program.ts";

// A backup that finds nothing new takes a quarter of a second, most of it for loading: compiled code is kept for the next run.
enableCompileCache();
process.exitCode = await runVault(process.argv.slice(2), { out: process.stdout, err: process.stderr });
