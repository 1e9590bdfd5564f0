/** Runs dependency-cruiser over a folder's rings, with the house's rules, and counts what it read. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

const RINGS = ["core", "adapters", "functions", "agent", "cli", "infra", "layers", "schemas", "localstack", "bench", "test"];
const CRUISE_MS = 60_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const Output = z.object({
  summary: z.object({
    totalCruised: z.int(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

export type Cruised = { readonly modules: number; readonly violations: readonly { from: string; to: string; rule: string }[] };

export async function cruise(root: string, house: string = process.cwd()): Promise<Cruised> {
  const tool = join(house, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
  const rings = RINGS.filter((ring) => existsSync(join(root, ring)));
  const args = [tool, "--config", join(house, ".dependency-cruiser.cjs"), "--output-type", "json", ...rings];
  const text = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, timeout: CRUISE_MS, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      /** It exits with the number of violations; only without any output did it fail itself. */
      if (stdout.trim() === "") reject(new Error(`dependency-cruiser said nothing: ${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
  const { summary } = Output.parse(JSON.parse(text));
  return { modules: summary.totalCruised, violations: summary.violations.map(({ from, to, rule }) => ({ from, to, rule: rule.name })) };
}
