/**
 * What a drill proves, against the size of the ledger: a node's state of so many blocks is backed up into a bucket, restored, and a real
 * node is booted on it. The curve is a line by least squares, RTO = a + b × size, with its worst deviation; a network's own drills give its own.
 */
import { mkdirSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../localstack/emulator/port.ts";
import { startEmulator } from "../localstack/emulator/start-emulator.ts";
import { openProcesses } from "../localstack/processes/open-processes.ts";
import { withChain } from "./backup/chain.ts";
import { oursIn, remove } from "./backup/programs.ts";
import { makeBucket } from "./backup/s3.ts";
import { MIB } from "./backup/tree.ts";
import { type Bench, type Figures, spread } from "./bench.ts";

const RUNS = 3;
/** Steps by which the chain grows: blocks that are added before each measurement. */
const STEPS = [500, 1_000, 1_500, 3_000] as const;
const TRANSACTIONS_PER_BLOCK = 20;

export const restoreDrill: Bench = {
  name: "restore-drill",
  async run({ runs = RUNS, say }) {
    const folder = mkdtempSync(join(tmpdir(), "synnergy-drill-bench-"));
    const processes = await openProcesses({ folder: join(folder, "aws") });
    try {
      const emulator = await startEmulator({
        processes,
        folder: join(folder, "emulator"),
        root: join(import.meta.dirname, ".."),
        port: await freePort(),
      });
      await makeBucket(emulator.endpoint, "bench-drill");
      const program = oursIn(join(folder, "program"), { endpoint: emulator.endpoint, bucket: "bench-drill" });
      await program.init();
      const points: { mib: number; rtoMs: number; blocks: number }[] = [];
      await withChain(folder, { blocks: 0, transactionsPerBlock: TRANSACTIONS_PER_BLOCK }, async ({ mine, dump, boot }) => {
        let blocks = 0;
        for (const step of STEPS) {
          await mine(step);
          blocks += step;
          const data = join(folder, "data");
          mkdirSync(data, { recursive: true });
          await dump(data);
          await program.backup(data);
          const rtos: number[] = [];
          for (let round = 1; round <= runs; round += 1) {
            const target = join(folder, "restored");
            const { ms: restoreMs } = await program.restore(target);
            const booted = await boot(join(target, "state.json"));
            if (booted.height !== blocks) throw new Error(`the booted node is at ${booted.height}, ${blocks} were backed up`);
            remove(target);
            rtos.push(restoreMs + booted.ms);
          }
          const mib = statSync(join(data, "state.json")).size / MIB;
          points.push({ mib, blocks, rtoMs: spread(rtos).median });
          say(`${blocks} blocks, ${mib.toFixed(1)} MiB: restored and booted in ${spread(rtos).median} ms (median of ${runs})`);
        }
      });
      return { figures: figuresOf(points), pass: true };
    } finally {
      await processes.close();
      remove(folder);
    }
  },
};

function figuresOf(points: readonly { mib: number; rtoMs: number; blocks: number }[]): Figures {
  const mean = (of: (point: (typeof points)[number]) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [mib, ms] = [mean((point) => point.mib), mean((point) => point.rtoMs)];
  const slope =
    points.reduce((sum, point) => sum + (point.mib - mib) * (point.rtoMs - ms), 0) / points.reduce((sum, point) => sum + (point.mib - mib) ** 2, 0);
  const fixed = ms - slope * mib;
  const worst = Math.max(...points.map((point) => Math.abs(point.rtoMs - (fixed + slope * point.mib)) / point.rtoMs));
  return {
    ...Object.fromEntries(
      points.map((point) => [`${point.blocks} blocks, ${point.mib.toFixed(1)} MiB: restored and booted`, `${Math.round(point.rtoMs)} ms`]),
    ),
    "fitted: RTO": `${Math.round(fixed)} ms + ${slope.toFixed(1)} ms a MiB`,
    "worst deviation of the fit": `${(worst * 100).toFixed(0)} %`,
  };
}
