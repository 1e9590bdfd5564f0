/**
 * `npm run bench -- <name> [options]`: runs one bench and ends with one JSON line, `{"bench","figures","pass"}`. Exit 0 when
 * every "must" held. With `--write` the figures go into `bench/figures/<name>.json`, from which README's tables are generated.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Bench, GIVEN_NAMES, type GivenName } from "./bench.ts";

const BENCHES: Record<string, () => Promise<Bench>> = {
  failover: async () => (await import("./failover.ts")).failover,
  "cold-start": async () => (await import("./cold-start.ts")).coldStart,
  deploy: async () => (await import("./deploy.ts")).deploy,
  backup: async () => (await import("./backup.ts")).backup,
  "backup-s3": async () => (await import("./backup-s3.ts")).backupS3,
  ledger: async () => (await import("./ledger.ts")).ledger,
  forecast: async () => (await import("./forecast.ts")).forecast,
  monitoring: async () => (await import("./monitoring.ts")).monitoring,
  nab: async () => (await import("./nab.ts")).nab,
  "restore-drill": async () => (await import("./restore-drill.ts")).restoreDrill,
  signals: async () => (await import("./signals.ts")).signals,
  capacity: async () => (await import("./capacity.ts")).capacity,
  failure: async () => (await import("./failure.ts")).failure,
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    runs: { type: "string" },
    kinds: { type: "string" },
    ...(Object.fromEntries(GIVEN_NAMES.map((name) => [name, { type: "string" }])) as Record<GivenName, { type: "string" }>),
  },
});
const open = BENCHES[positionals[0] ?? ""];
if (!open) {
  process.stderr.write(`npm run bench -- <name> [--write] [--runs N]; the benches are ${Object.keys(BENCHES).join(", ")}.\n`);
  process.exit(2);
}
const bench = await open();
const result = await bench.run({
  runs: values.runs === undefined ? undefined : Number(values.runs),
  kinds: values.kinds?.split(","),
  given: values,
  say: (line) => process.stdout.write(`${line}\n`),
});
const machine = `${process.platform}-${process.arch}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
const report = { bench: bench.name, figures: result.figures, pass: result.pass };
if (values.write) {
  const folder = join(import.meta.dirname, "figures");
  mkdirSync(folder, { recursive: true });
  const stored = { ...report, command: `npm run bench -- ${bench.name}`, machine, measuredOn: new Date().toISOString().slice(0, 10) };
  writeFileSync(join(folder, `${bench.name}.json`), `${JSON.stringify(stored, null, 2)}\n`);
}
if (values.write) {
  const folder = join(import.meta.dirname, "..", "docs", "figures");
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(result.plots ?? {})) writeFileSync(join(folder, `${name}.svg`), svg);
}
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = result.pass ? 0 : 1;
