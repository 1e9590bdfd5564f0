/**
 * One at a time, among processes on one machine: the lock is a file that names its holder, and a holder that has died holds nothing.
 * For rare and slow work such as an installation, where waiting is right.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { identify, ProcessIdentity, stillLiving } from "./process-identity.ts";

const POLL_MS = 200;

/** Runs `work` while holding `lockFile`. Throws, naming the holder, when it is not free `withinMs`. */
export async function exclusively<T>(lockFile: string, withinMs: number, work: () => Promise<T>): Promise<T> {
  const me = (await identify([process.pid])).get(process.pid);
  if (!me) throw new Error(`process ${process.pid} does not find itself among the living; is "ps" what it should be?`);
  const until = performance.now() + withinMs;
  while (!claim(lockFile, me)) {
    const holder = holderOf(lockFile);
    if (holder && (await stillLiving([holder])).length === 0) takeFromDead(lockFile, holder, me);
    else if (performance.now() > until)
      throw new Error(
        `${lockFile} is held by process ${holder?.pid ?? "unknown"} for more than ${withinMs / 1_000} s; remove it if that is not right.`,
      );
    else await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** The file appears whole or not at all: written under a name of our own, then linked. */
function claim(lockFile: string, me: ProcessIdentity): boolean {
  const own = `${lockFile}.${me.pid}`;
  writeFileSync(own, JSON.stringify(me));
  try {
    linkSync(own, lockFile);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Several may find the same holder dead, and the slowest must not take away what the fastest has claimed meanwhile: who removes the
 * lock holds a second one while looking again, without a pause in between.
 */
function takeFromDead(lockFile: string, dead: ProcessIdentity, me: ProcessIdentity): void {
  const takeover = `${lockFile}.takeover`;
  if (!claim(takeover, me)) return;
  try {
    if (isDeepStrictEqual(holderOf(lockFile), dead)) rmSync(lockFile, { force: true });
  } finally {
    rmSync(takeover, { force: true });
  }
}

/** Undefined where it was given back between two looks. */
function holderOf(lockFile: string): ProcessIdentity | undefined {
  try {
    return ProcessIdentity.parse(JSON.parse(readFileSync(lockFile, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
