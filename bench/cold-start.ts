/**
 * What a cold start costs before our first line runs: the time to load each bundled function's module, in fresh processes, and
 * the bytes that Lambda must fetch. The load is measured inside the process, from before the import to after it, so the
 * start of Node itself (which Lambda pays in its own init phase) is not in it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readFleet } from "../adapters/fleet-yaml.ts";
import { bundleAgent, bundleFunctions } from "../infra/bundle.ts";
import { ALL_FUNCTIONS } from "../infra/modules/functions.ts";
import type { Bench } from "./bench.ts";
import { spread } from "./bench.ts";

const RUNS = 15;
const LARGEST_MS_MAX = 80;
const HOT_MS_MAX = 50;
/** Those that a failover or a validator waits for. */
const HOT = ["watch-fleet", "agent"];

const PROBE = `const from = performance.now(); await import(process.argv[1]); process.stdout.write(String(performance.now() - from)); process.exit(0);`;

function loadMs(file: string): number {
  const env = { ...process.env, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", PROBE, pathToFileURL(file).href], {
    encoding: "utf8",
    env,
    timeout: 20_000,
  });
  const ms = Number(child.stdout);
  if (child.status !== 0 || !Number.isFinite(ms) || child.stdout === "") throw new Error(`${file} did not load: ${child.stderr}`);
  return ms;
}

export const coldStart: Bench = {
  name: "cold-start",
  async run({ runs = RUNS, say }) {
    const folder = mkdtempSync(join(tmpdir(), "synnergy-cold-start-"));
    try {
      const reading = await readFleet("examples/rehearsal.fleet.yaml");
      if (reading.kind === "invalid") throw new Error(reading.faults.join("\n"));
      const entries = Object.fromEntries(ALL_FUNCTIONS.map(({ module, name }) => [name, join("functions", module, `${name}.ts`)]));
      const bundle = await bundleFunctions(entries, join(folder, "functions"), reading.fleet);
      const agent = await bundleAgent(join(folder, "agent"));
      const units = [
        ...[...bundle].map(([name, { folder: own, bytes }]) => ({ name, file: join(own, `${name}.mjs`), bytes })),
        { name: "agent", file: join(folder, "agent", "agent.mjs"), bytes: agent.bytes },
      ];
      const loads = new Map<string, number[]>(units.map(({ name }) => [name, []]));
      // Round by round, so that what else the machine does falls on all alike; the first only fills the disk's cache.
      for (let round = 0; round <= runs; round += 1) {
        for (const { name, file } of units) {
          const ms = loadMs(file);
          if (round > 0) loads.get(name)?.push(ms);
        }
      }
      const figures: Record<string, { medianMs: number; minMs: number; maxMs: number; bytes: number }> = {};
      for (const { name, bytes } of units) {
        const { median, min, max } = spread(loads.get(name) ?? []);
        figures[name] = { medianMs: median, minMs: min, maxMs: max, bytes };
        say(`${name.padEnd(22)} ${String(median).padStart(6)} ms  (${min} to ${max})  ${(bytes / 1024).toFixed(0)} KiB`);
      }
      const largest = Math.max(...Object.values(figures).map((one) => one.medianMs));
      const hot = HOT.map((name) => figures[name]?.medianMs ?? Number.POSITIVE_INFINITY);
      return { figures, pass: largest <= LARGEST_MS_MAX && hot.every((ms) => ms <= HOT_MS_MAX) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
