/**
 * What a metric's thresholds weigh: bytes as stored, bytes in memory, and how many of them a process of 128 MB holds, measured by filling a
 * fresh process until its resident memory is reached.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ENCODED_BYTES } from "../../core/prediction/dynamic-threshold-adjustment/encoding.ts";
import { bytesOf, startState } from "../../core/prediction/dynamic-threshold-adjustment/state.ts";

const FUNCTION_MB = 128;
const STATES_MAX = 200_000;
const STEP = 250;
const LIMIT_MS = 120_000;

export async function measureState(): Promise<Record<string, number | string>> {
  const module = join(import.meta.dirname, "..", "..", "core", "prediction", "dynamic-threshold-adjustment", "observe.ts");
  // Each state has seen points, so that its pages are really there.
  const program = `
    const { observe, start } = await import(${JSON.stringify(module)});
    const settings = { falseAlarmShare: 0.001, adoptAfterMs: 1, bounds: null, isCounter: false };
    const held = [];
    while (held.length < ${STATES_MAX} && process.memoryUsage.rss() < ${FUNCTION_MB} * 2 ** 20) {
      for (let each = 0; each < ${STEP}; each += 1) {
        const state = start();
        for (let at = 0; at < 3; at += 1) observe(state, { atMs: at * 60000, value: at }, settings);
        held.push(state);
      }
    }
    process.stdout.write(String(held.length));`;
  const held = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8", timeout: LIMIT_MS });
  return {
    "bytes encoded": ENCODED_BYTES,
    "bytes in memory": bytesOf(startState()),
    constant: "yes: both arrays have a fixed length",
    "nodes × metrics in 128 MB resident, the runtime included": Number(held),
  };
}
