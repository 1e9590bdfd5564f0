/**
 * What deploying costs in time, on the emulator, by the CDK CLI that operators use: synthesis, a first deploy, one that changes
 * nothing, one that changes one function, and taking it all down, after which nothing may be left. Each round has a fresh emulator.
 */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DeployOptions, deployStacks, destroyStacks } from "../localstack/deploy/deploy-stacks.ts";
import { freePort } from "../localstack/emulator/port.ts";
import { startEmulator } from "../localstack/emulator/start-emulator.ts";
import { openProcesses } from "../localstack/processes/open-processes.ts";
import { REGIONS } from "../localstack/rehearsal/open-rehearsal.ts";
import type { Bench, Figures } from "./bench.ts";
import { spread } from "./bench.ts";
import { functionDigests, whatIsThere } from "./what-is-there.ts";

const RUNS = 3;
const root = join(import.meta.dirname, "..");
/** What an app is made of; the rest of the project is not deployed. */
const SOURCES = [
  "adapters",
  "core",
  "examples",
  "functions",
  "infra",
  "layers",
  "statemachines",
  "schemas",
  "cdk.json",
  "node24.mjs",
  "package-lock.json",
  "package.json",
  "tsconfig.json",
];
const CHANGED = "functions/failover/verify-signing.ts";

type Round = { readonly seconds: Readonly<Record<string, number>>; readonly changed: number; readonly left: number };

export const deploy: Bench = {
  name: "deploy",
  async run({ runs = RUNS, say }) {
    const rounds: Round[] = [];
    for (let round = 0; round < runs; round += 1) {
      rounds.push(await measureRound());
      const { seconds, changed, left } = rounds.at(-1) as Round;
      const times = Object.entries(seconds).map(([name, value]) => `${name} ${value.toFixed(1)} s`);
      say(`round ${round + 1} of ${runs}: ${times.join(", ")}; ${changed} function changed, ${left} things left`);
    }
    const figures: Figures = {};
    for (const name of Object.keys(rounds[0]?.seconds ?? {})) {
      const { median, min, max } = spread(rounds.map(({ seconds }) => seconds[name] ?? 0));
      figures[name] = { medianS: median, minS: min, maxS: max };
    }
    const changed = Math.max(...rounds.map((one) => one.changed));
    const left = Math.max(...rounds.map((one) => one.left));
    return {
      figures: { ...figures, "functions replaced by a change of one": changed, "left after destroy": left },
      pass: changed === 1 && left === 0,
    };
  },
};

async function measureRound(): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-deploy-"));
  const processes = await openProcesses({ folder });
  try {
    const emulator = await startEmulator({ processes, folder: join(folder, "emulator"), root, port: await freePort() });
    const { endpoint } = emulator;
    const seconds: Record<string, number> = {};
    const app = copyOfTheApp(folder);
    const options: DeployOptions = {
      processes,
      root: app,
      endpoint,
      regions: Object.fromEntries(REGIONS.map((region) => [region, endpoint])),
      fleetFile: join(app, "examples", "rehearsal.fleet.yaml"),
      folder: join(folder, "deploy"),
    };
    const noteSynth: DeployOptions["onProgress"] = ({ name, ms }) => {
      if (name === "synth") seconds.synth = ms / 1_000;
    };
    await timed("first deploy", () => deployStacks({ ...options, onProgress: noteSynth }));
    const before = await functionDigests(endpoint, REGIONS);
    await timed("no change", () => deployStacks(options));
    appendFileSync(join(app, CHANGED), '\nexport const changedForTheBench = "changed";\n');
    await timed("one function changed", () => deployStacks(options));
    const after = await functionDigests(endpoint, REGIONS);
    const changed = new Set([...after].filter(([name, digest]) => before.get(name) !== digest).map(([name]) => name.split("/").at(-1)));
    await timed("destroy", () => destroyStacks(options));
    const left = await whatIsThere(endpoint, REGIONS);
    return { seconds, changed: changed.size, left: left.length };

    async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
      const from = performance.now();
      await work();
      seconds[name] = (performance.now() - from) / 1_000;
    }
  } finally {
    await processes.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The app, beside the original, with the same dependencies: a bench changes nobody's working tree. */
function copyOfTheApp(folder: string): string {
  const copy = join(folder, "app");
  mkdirSync(copy);
  for (const source of SOURCES) cpSync(join(root, source), join(copy, source), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}
