/**
 * The host's vitals. What cannot be measured here is null, never zero: open files (the
 * whole host's) need Linux's /proc, the clock's offset needs a command that the operator names (`chronyc`, say), and processor use needs two looks.
 */
import { readFile, statfs } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";
import type { HostVitals } from "../core/kernel/host-vitals.ts";
import type { Clock } from "../core/kernel/ports.ts";
import type { Hook } from "./config-parts.ts";
import { runCommand } from "./hooks.ts";

/** A clock that drifts 500 ppm moves 5 ms in this time. */
const CLOCK_OFFSET_EVERY_MS = 10_000;

export function hostVitals(options: { folder: string; clock: Pick<Clock, "monotonicMs">; clockOffset: Hook | undefined }) {
  let processor = processorTimes();
  let offset: { valueMs: number | null; atMs: number } = { valueMs: null, atMs: Number.NEGATIVE_INFINITY };

  async function clockOffsetMs(): Promise<number | null> {
    if (options.clockOffset === undefined) return null;
    if (options.clock.monotonicMs() - offset.atMs >= CLOCK_OFFSET_EVERY_MS) {
      const run = await runCommand(options.clockOffset, { PATH: "/usr/bin:/bin" });
      const valueMs = run.kind === "done" && run.output.trim() !== "" ? Number(run.output.trim()) : Number.NaN;
      offset = { valueMs: Number.isFinite(valueMs) ? valueMs : null, atMs: options.clock.monotonicMs() };
    }
    return offset.valueMs;
  }

  return {
    async measure(): Promise<HostVitals> {
      const before = processor;
      processor = processorTimes();
      const totalMs = processor.totalMs - before.totalMs;
      // What cannot be measured is null in the report, which says just that.
      const disk = await statfs(options.folder).catch(() => null);
      return {
        cpuShare: totalMs > 0 ? clampShare(1 - (processor.idleMs - before.idleMs) / totalMs) : null,
        memoryShare: clampShare(1 - freemem() / totalmem()),
        diskFreeBytes: disk === null ? null : disk.bavail * disk.bsize,
        diskFreeShare: disk === null || disk.blocks === 0 ? null : clampShare(disk.bavail / disk.blocks),
        openFiles: await readFile("/proc/sys/fs/file-nr", "utf8").then(
          (text) => Number.parseInt(text, 10),
          () => null,
        ),
        clockOffsetMs: await clockOffsetMs(),
        node: null,
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
