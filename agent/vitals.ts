/**
 * The host's vitals, and the node's beside it. What cannot be measured here is null, never zero: open files (the whole host's) need
 * Linux's /proc, the clock's offset needs a command that the operator names (`chronyc`, say), and processor use needs two looks.
 */
import { readFile } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";
import type { HostVitals } from "../core/kernel/host-vitals.ts";
import type { Clock } from "../core/kernel/ports.ts";
import type { AgentConfig } from "./config.ts";
import { runCommand } from "./hooks.ts";
import { diskSpace } from "./vitals/disk-space.ts";
import { nodeVitals } from "./vitals/node-vitals.ts";

/** A clock that drifts 500 ppm moves 5 ms in this time. */
const CLOCK_OFFSET_EVERY_MS = 10_000;

type Told = Pick<AgentConfig, "store" | "rpc" | "clockOffset" | "vitals">;

export function hostVitals({ config, clock }: { config: Told; clock: Pick<Clock, "monotonicMs"> }) {
  const place = config.vitals?.disk ?? { folder: config.store, bytesMax: undefined, everySeconds: 1 };
  const disk = diskSpace({ folder: place.folder, bytesMax: place.bytesMax, everyMs: place.everySeconds * 1_000, clock });
  const node = nodeVitals({ told: config.vitals, rpc: config.rpc, clock });
  let processor = processorTimes();
  let offset: { valueMs: number | null; atMs: number } = { valueMs: null, atMs: Number.NEGATIVE_INFINITY };

  async function clockOffsetMs(): Promise<number | null> {
    if (config.clockOffset === undefined) return null;
    if (clock.monotonicMs() - offset.atMs >= CLOCK_OFFSET_EVERY_MS) {
      const run = await runCommand(config.clockOffset, { PATH: "/usr/bin:/bin" });
      const valueMs = run.kind === "done" && run.output.trim() !== "" ? Number(run.output.trim()) : Number.NaN;
      offset = { valueMs: Number.isFinite(valueMs) ? valueMs : null, atMs: clock.monotonicMs() };
    }
    return offset.valueMs;
  }

  return {
    async measure(): Promise<HostVitals> {
      const before = processor;
      processor = processorTimes();
      const totalMs = processor.totalMs - before.totalMs;
      const [free, offsetMs, beside] = await Promise.all([disk.look(), clockOffsetMs(), node.look()]);
      return {
        cpuShare: totalMs > 0 ? clampShare(1 - (processor.idleMs - before.idleMs) / totalMs) : null,
        memoryShare: clampShare(1 - freemem() / totalmem()),
        diskFreeBytes: free?.freeBytes ?? null,
        diskFreeShare: free?.freeShare ?? null,
        openFiles: await readFile("/proc/sys/fs/file-nr", "utf8").then(
          (text) => Number.parseInt(text, 10),
          () => null,
        ),
        clockOffsetMs: offsetMs,
        node: beside,
      };
    },
  };
}

export const nothingMeasured: HostVitals = {
  cpuShare: null,
  memoryShare: null,
  diskFreeBytes: null,
  diskFreeShare: null,
  openFiles: null,
  clockOffsetMs: null,
  node: null,
};

const clampShare = (share: number): number => Math.min(1, Math.max(0, share));

function processorTimes(): { idleMs: number; totalMs: number } {
  const times = cpus().map((cpu) => cpu.times);
  return {
    idleMs: times.reduce((sum, time) => sum + time.idle, 0),
    totalMs: times.reduce((sum, time) => sum + time.user + time.nice + time.sys + time.idle + time.irq, 0),
  };
}
