/** What a new user does: starts the rehearsal, types commands in a second terminal, and ends it, gently or not. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const COMMAND_MS_MAX = 120_000;
const LIVE_MS_MAX = 180_000;
const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;
const root = process.cwd();

export type Started = { readonly child: ChildProcess; output(): string };
export type Said = { readonly exit: number; readonly out: string; readonly err: string };

/** `npm start`, in a folder of its own. Resolves when it says that it is live. */
export async function startRehearsal(folder: string, port: number): Promise<Started> {
  const args = [join(root, "localstack/start.ts"), "--folder", join(folder, ".rehearsal"), "--port", String(port)];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not live after ${LIVE_MS_MAX / 1_000} s:\n${output}`)), LIVE_MS_MAX);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (!/\blive\. In a second terminal/.test(output)) return;
        clearTimeout(timer);
        resolve();
      });
    }
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`it ended with exit ${code} before it was live:\n${output}`));
    });
  });
  return { child, output: () => output };
}

/** `npm run ha -- …`, in the same folder. */
export function ha(folder: string, ...args: string[]): Promise<Said> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX };
    execFile(process.execPath, [join(root, "cli/ha.ts"), ...args], options, (error, out, err) => {
      resolve({ exit: error === null ? 0 : typeof error.code === "number" ? error.code : 1, out, err });
    });
  });
}

/** The data of a command that must succeed. */
export async function haData<T>(folder: string, ...args: string[]): Promise<T> {
  const { exit, out, err } = await ha(folder, ...args, "--json");
  if (exit !== 0) throw new Error(`ha ${args.join(" ")} ended with ${exit}: ${err}${out}`);
  return JSON.parse(out) as T;
}

/** The process groups that a start has made: its own state says which. */
export function groupsOf(folder: string): number[] {
  const state = JSON.parse(readFileSync(join(folder, ".rehearsal", "state.json"), "utf8")) as {
    supervisor: { pid: number };
    warden: { pid: number };
    processes: { pid: number }[];
  };
  return [state.supervisor.pid, state.warden.pid, ...state.processes.map(({ pid }) => pid)];
}

/** Of those groups, what still runs: `ps` lists every process with its group. */
export function stillRunning(groups: readonly number[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile("ps", ["-A", "-o", "pgid=,stat=,args="], { maxBuffer: OUTPUT_BYTES_MAX }, (error, out) => {
      if (error) return reject(error);
      const lines = out.split("\n").map((line) => line.trim());
      resolve(lines.filter((line) => groups.includes(Number(line.split(/\s+/)[0])) && !/^\d+\s+Z/.test(line)));
    });
  });
}
