/**
 * A child and all that it starts, as one: each child leads a process group of its own, so one signal reaches an emulator
 * and its Lambda children, or a shell and what it runs. Only a process that makes a session for itself gets away.
 */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** What a well-behaved process needs to close its files; the emulator, asked nicely while it serves, needs longer and is made to. */
export const GRACE_MS = 2_000;
/** A killed process is gone within milliseconds; one stuck in the kernel (a dead network disk) is not waited for longer than this. */
const KILL_MS_MAX = 5_000;
const POLL_MS = 20;
/** A look at all processes costs some 20 ms, a signal to nobody costs nothing. */
const POLLS_PER_LOOK = 5;
const LIST_BYTES_MAX = 4 * 1024 * 1024;

const run = promisify(execFile);

/** Sends nothing to a group that is gone. Returns whether there was anybody to hear it. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch (error) {
    // ESRCH: nobody left. EPERM: macOS's word for "only zombies left", as every process of ours runs as our user.
    if (error instanceof Error && "code" in error && (error.code === "ESRCH" || error.code === "EPERM")) return false;
    throw error;
  }
}

export type Ended = { readonly kind: "gone" } | { readonly kind: "stuck"; readonly leaders: readonly number[] };

/** Ends every group: SIGTERM (and SIGCONT, since a stopped process hears nothing), SIGKILL after `graceMs`. */
export async function endGroups(leaders: readonly number[], graceMs: number = GRACE_MS): Promise<Ended> {
  for (const leader of leaders) {
    signalGroup(leader, "SIGTERM");
    signalGroup(leader, "SIGCONT");
  }
  let left = await goneWithin(leaders, graceMs);
  for (const leader of left) signalGroup(leader, "SIGKILL");
  left = await goneWithin(left, KILL_MS_MAX);
  return left.length === 0 ? { kind: "gone" } : { kind: "stuck", leaders: left };
}

/** The leaders whose groups still live when the time is up. */
async function goneWithin(leaders: readonly number[], limitMs: number): Promise<number[]> {
  const until = performance.now() + limitMs;
  let left = leaders.filter((leader) => signalGroup(leader, 0));
  for (let polls = 1; left.length > 0 && performance.now() < until; polls += 1) {
    await sleep(POLL_MS);
    left = left.filter((leader) => signalGroup(leader, 0));
    if (left.length > 0 && polls % POLLS_PER_LOOK === 0) left = await withoutZombies(left);
  }
  return left;
}

/** Orphans are reaped by process 1, which in many containers does so late or never; the dead among them hold nothing. */
async function withoutZombies(leaders: readonly number[]): Promise<number[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pgid=,stat="], { timeout: KILL_MS_MAX, maxBuffer: LIST_BYTES_MAX });
  const living = new Set<number>();
  for (const line of stdout.split("\n")) {
    const [group, state] = line.trim().split(/\s+/);
    if (state !== undefined && !state.startsWith("Z")) living.add(Number(group));
  }
  return leaders.filter((leader) => living.has(leader));
}
