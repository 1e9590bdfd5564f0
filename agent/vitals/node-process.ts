/**
 * The node's own process, by the file in which its number stands. Numbers are used again, so one is believed only where the process
 * started no later than the file was written: whoever took the number over started after that. Once believed, a process is known by
 * its number and its start, whatever the wall clock does. What the system does not tell is null.
 */
import { execFile } from "node:child_process";
import { opendir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";

export type ProcessVitals = { readonly memoryBytes: number | null; readonly openFiles: number | null; readonly openFilesMax: number | null };
export type FoundProcess = ProcessVitals & { readonly pid: number };

/** `ps` and `/proc/stat` tell whole seconds, a second apart at the worst. */
const START_TOLERANCE_MS = 2_000;
/** USER_HZ, in which Linux shows times on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;
const KIBIBYTE = 1_024;
const FILES_COUNTED_MAX = 100_000;
const PS_MS_MAX = 2_000;
const PS_BYTES_MAX = 4_096;
const Pid = z
  .string()
  .regex(/^\s*\d{1,10}\s*$/)
  .transform(Number)
  .pipe(z.int().min(2));

/** `mark` tells two processes of one number apart; `ps` tells the memory in the same breath. */
type Start = { readonly mark: string; readonly atMs: number; readonly memoryBytes: number | null };

/** `proc` is where Linux shows its processes; null asks `ps`, as on macOS. */
export function nodeProcess({ pidFile, proc = process.platform === "linux" ? "/proc" : null }: { pidFile: string; proc?: string | null }) {
  let believed = "";

  return {
    /** Null where the file names no process that lives, or one that it cannot have meant. */
    async look(): Promise<FoundProcess | null> {
      const named = await readPidFile(pidFile);
      if (named === null) return null;
      const seen = proc === null ? await askPs(named.pid) : await readStart(proc, named.pid);
      if (seen === null) return null;
      const identity = `${named.pid} ${named.writtenAtMs} ${seen.mark}`;
      if (identity !== believed && seen.atMs > named.writtenAtMs + START_TOLERANCE_MS) return null;
      believed = identity;
      if (proc === null) return { pid: named.pid, memoryBytes: seen.memoryBytes, openFiles: null, openFilesMax: null };
      return { pid: named.pid, ...(await readProc(join(proc, String(named.pid)))) };
    },
  };
}

async function readPidFile(file: string): Promise<{ pid: number; writtenAtMs: number } | null> {
  try {
    const { mtimeMs, size } = await stat(file);
    const pid = Pid.safeParse(size > KIBIBYTE ? "" : await readFile(file, "utf8"));
    return pid.success ? { pid: pid.data, writtenAtMs: mtimeMs } : null;
  } catch {
    return null;
  }
}

async function readStart(proc: string, pid: number): Promise<Start | null> {
  const [own, host] = await Promise.all([readFile(join(proc, String(pid), "stat"), "utf8"), readFile(join(proc, "stat"), "utf8")]).catch(() => [
    "",
    "",
  ]);
  // The name stands in brackets and may hold brackets and blanks itself; the start is the 20th field after it (proc_pid_stat(5)).
  const ticks = Number(own.slice(own.lastIndexOf(")") + 2).split(" ")[19] ?? Number.NaN);
  const bootS = Number(/^btime (\d+)$/m.exec(host)?.[1] ?? Number.NaN);
  const atMs = (bootS + ticks / TICKS_A_SECOND) * 1_000;
  return Number.isFinite(atMs) ? { mark: String(ticks), atMs, memoryBytes: null } : null;
}

async function readProc(folder: string): Promise<ProcessVitals> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8").catch(() => "");
  const [status, limits, openFiles] = await Promise.all([read("status"), read("limits"), countFiles(join(folder, "fd"))]);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  const files = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1];
  return {
    memoryBytes: resident === undefined ? null : Number(resident) * KIBIBYTE,
    openFiles,
    openFilesMax: files === undefined ? null : Number(files),
  };
}

/** Null where they are another user's, and this agent is not allowed to look, or where there are more than can be counted. */
async function countFiles(folder: string): Promise<number | null> {
  try {
    let count = 0;
    for await (const _ of await opendir(folder, { bufferSize: 1_024 })) {
      count += 1;
      if (count > FILES_COUNTED_MAX) return null;
    }
    return count;
  } catch {
    return null;
  }
}

/** "  123456 Tue Nov 24 19:18:17 2026" */
function askPs(pid: number): Promise<Start | null> {
  const options = { env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" }, timeout: PS_MS_MAX, maxBuffer: PS_BYTES_MAX };
  return new Promise((resolve) => {
    execFile("ps", ["-o", "rss=,lstart=", "-p", String(pid)], options, (error, stdout) => {
      const [, resident, mark = ""] = /^\s*(\d+)\s+\w{3}\s+(\w{3}\s+\d+\s+[\d:]{8}\s+\d{4})\s*$/.exec(stdout) ?? [];
      if (error || resident === undefined) return resolve(null);
      resolve({ mark, atMs: Date.parse(`${mark} UTC`), memoryBytes: Number(resident) * KIBIBYTE });
    });
  });
}
