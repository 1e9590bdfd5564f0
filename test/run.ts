/**
 * `npm test`: the checks, then every suite, then one line that counts them, `N passed, N failed`. Each check counts as one
 * test. The whole is bounded, speaks while it works, and fails loudly when its bound is reached.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installEmulator } from "../localstack/emulator/install.ts";
import { openProcesses } from "../localstack/processes/open-processes.ts";

const { values } = parseArgs({ options: { checks: { type: "boolean", default: false } } });
const JOURNEYS = "test/journeys";
const root = join(import.meta.dirname, "..");
/** Of the half hour that the tests may take; on two quiet cores they need half of it. */
const WHOLE_MS_MAX = 28 * 60_000;
const SPEAK_EACH_MS = 30_000;
const started = performance.now();

const CHECKS: readonly (readonly [name: string, ...command: string[]])[] = [
  ["types", "node_modules/typescript/bin/tsc", "-p", "."],
  ["style and environment", "node_modules/@biomejs/biome/bin/biome", "check", "."],
];

function run(name: string, command: readonly string[]): Promise<{ ok: boolean; output: string; ms: number }> {
  return new Promise((done) => {
    const from = performance.now();
    const limitMs = Math.max(1, Math.floor(WHOLE_MS_MAX - (from - started)));
    const child = spawn(process.execPath, [...command], { cwd: root, stdio: ["ignore", "pipe", "pipe"], timeout: limitMs });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output = `${output}${chunk}`.slice(-200_000)));
    const speaking = setInterval(() => console.log(`… ${name}, ${Math.round((performance.now() - from) / 1_000)} s`), SPEAK_EACH_MS);
    child.on("close", (code, signal) => {
      clearInterval(speaking);
      if (signal !== null)
        output = `${output}\nended by ${signal}, ${Math.round((performance.now() - started) / 1_000)} s after the start; the whole may take ${WHOLE_MS_MAX / 1_000} s`;
      done({ ok: code === 0, output, ms: performance.now() - from });
    });
  });
}

/** Runs vitest over a part of test/ and adds its counts. */
async function runSuites(name: string, chosen: readonly string[]): Promise<void> {
  const report = join(scratch, `${name}.json`);
  const outcome = await run(name, ["node_modules/vitest/vitest.mjs", "run", "--reporter=json", `--outputFile=${report}`, ...chosen]);
  if (!existsSync(report)) {
    failed += 1;
    console.log(`FAIL ${name.padEnd(36)} ${seconds(outcome.ms)}\n${outcome.output.slice(-8_000)}`);
    return;
  }
  const counts = JSON.parse(readFileSync(report, "utf8")) as Counts;
  // A file that could not be loaded holds no test and is a failure all the same.
  const broken = counts.testResults.filter((file) => file.status === "failed" && !file.assertionResults.some((one) => one.status === "failed"));
  passed += counts.numPassedTests;
  const bad = counts.numFailedTests + broken.length;
  failed += bad === 0 && !outcome.ok ? 1 : bad;
  console.log(`${outcome.ok ? "ok  " : "FAIL"} ${name.padEnd(36)} ${seconds(outcome.ms)}`);
  for (const file of broken) console.log(`FAIL ${file.name}\n${file.message.slice(0, 4_000)}`);
  for (const one of counts.testResults.flatMap((file) => file.assertionResults).filter((one) => one.status === "failed")) {
    console.log(`FAIL ${one.fullName}\n${one.failureMessages.join("\n").slice(0, 4_000)}`);
  }
}

type Counts = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly failureMessages: readonly string[] }[];
  }[];
};

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
let passed = 0;
let failed = 0;
const scratch = mkdtempSync(join(tmpdir(), "synnergy-test-"));
try {
  const processes = await openProcesses({ folder: scratch });
  const { installedMs } = await installEmulator({ processes, root });
  await processes.close();
  console.log(`emulator at hand                         ${seconds(installedMs)}`);
  for (const [name, ...command] of CHECKS) {
    const { ok, output, ms } = await run(name, command);
    console.log(`${ok ? "ok  " : "FAIL"} ${name.padEnd(36)} ${seconds(ms)}`);
    if (ok) passed += 1;
    else {
      failed += 1;
      console.log(output.slice(-8_000));
    }
  }
  if (!values.checks) {
    await runSuites("suites", ["--exclude", `${JOURNEYS}/**`]);
    // Journeys are timed by the clock of real nodes: nothing else runs beside them.
    await runSuites("journeys", [JOURNEYS]);
  }
} catch (error) {
  failed += 1;
  console.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
