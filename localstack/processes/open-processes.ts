/**
 * The supervisor's side of the warden. Everything that a rehearsal runs is started here by name, leads a process group of its
 * own, logs to `<folder>/logs/<name>.log`, and is gone when this process is gone: by `close()`, Ctrl-C, an exception or SIGKILL.
 *
 *     const processes = await openProcesses({ folder: ".rehearsal" });
 *     const node = await processes.start({ name: "n1", command: "anvil", args: [], ready: { check: answers, withinMs: 5_000 } });
 *     await node.signal("SIGSTOP");
 *     await processes.close();
 */
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signalGroup } from "./process-group.ts";
import type { News, Signal } from "./protocol.ts";
import { StartRecord } from "./start-record.ts";
import { WardenLink } from "./warden-link.ts";

const READY_POLL_MS = 50;

export type StartOrder = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment; without it the child gets this process's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Asked again until it says yes; a start that is not ready in time is stopped and thrown. */
  readonly ready?: { readonly check: () => Promise<boolean>; readonly withinMs: number };
};

export type Exit = { readonly code: number | null; readonly signal: string | null };

export type Child = {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  /** Settles when the process has ended, whoever ended it; never rejects. */
  readonly exited: Promise<Exit>;
  /** Reaches the whole process group. Throws when the process is gone. */
  signal(signal: Signal): Promise<void>;
};

export type Processes = {
  /** Resolves when the process runs, and is ready where `ready` is given. */
  start(order: StartOrder): Promise<Child>;
  /** Ends the process and its group; does nothing when none of that name runs. */
  stop(name: string): Promise<void>;
  /** Starts again what was started under the name, stopping it first where it runs. */
  restart(name: string): Promise<Child>;
  find(name: string): Child | undefined;
  /** Adds to `state.json` what other terminals need to know. */
  remember(details: Readonly<Record<string, unknown>>): void;
  /** Settles only if the warden dies before `close()`; every process has then been killed. */
  readonly lost: Promise<string>;
  close(): Promise<void>;
};

type Ward = { readonly order: StartOrder; readonly child: Child; settle(exit: Exit): void };

/** Throws when another start runs in the folder: see `clearEarlierStart`. */
export async function openProcesses(options: { folder: string }): Promise<Processes> {
  const folder = resolve(options.folder);
  const logs = join(folder, "logs");
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const wards = new Map<string, Ward>();
  const orders = new Map<string, StartOrder>();
  let announceLoss: (reason: string) => void;
  const lost = new Promise<string>((settle) => {
    announceLoss = settle;
  });
  const link = new WardenLink(logs, {
    exited(news: News & { kind: "exited" }) {
      const ward = wards.get(news.name);
      if (ward?.child.pid !== news.pid) return;
      wards.delete(news.name);
      record.forget(news.pid);
      ward.settle({ code: news.code, signal: news.signal });
    },
    lost(reason) {
      for (const ward of wards.values()) {
        signalGroup(ward.child.pid, "SIGKILL");
        ward.settle({ code: null, signal: "SIGKILL" });
      }
      wards.clear();
      announceLoss(reason);
    },
  });
  const record = await StartRecord.claim(folder, link.pid).catch(async (error: unknown) => {
    await link.close();
    throw error;
  });

  async function start(order: StartOrder): Promise<Child> {
    const { name, command, args, env = inherited(), cwd = process.cwd(), ready } = order;
    let settle: (exit: Exit) => void = () => undefined;
    const exited = new Promise<Exit>((done) => {
      settle = done;
    });
    const child = await link.start({ name, command, args: [...args], env: { ...env }, cwd }, (pid) => {
      const made: Child = { name, pid, log: join(logs, `${name}.log`), exited, signal: (signal) => link.ask({ kind: "signal", name, signal }) };
      wards.set(name, { order, child: made, settle });
      return made;
    });
    orders.set(name, order);
    record.add(name, child.pid);
    if (ready) await waitUntilReady(child, ready);
    return child;
  }

  async function waitUntilReady(child: Child, ready: NonNullable<StartOrder["ready"]>): Promise<void> {
    const until = performance.now() + ready.withinMs;
    let gone: Exit | undefined;
    void child.exited.then((exit) => {
      gone = exit;
    });
    while (!(await ready.check())) {
      if (gone) throw new Error(`${child.name} ended before it was ready (${gone.signal ?? `exit ${gone.code}`}); ${child.log} says why.`);
      if (performance.now() > until) {
        await stop(child.name);
        throw new Error(`${child.name} was not ready within ${ready.withinMs} ms and was stopped; ${child.log} may say why.`);
      }
      await sleep(READY_POLL_MS);
    }
  }

  async function stop(name: string): Promise<void> {
    const ward = wards.get(name);
    if (!ward) return;
    await link.ask({ kind: "stop", name });
    await ward.child.exited;
  }

  return {
    start,
    stop,
    async restart(name) {
      const order = orders.get(name);
      if (!order) throw new Error(`nothing was ever started under the name ${name}; started were: ${[...orders.keys()].join(", ")}`);
      await stop(name);
      return start(order);
    },
    find: (name) => wards.get(name)?.child,
    remember: (details) => record.remember(details),
    lost,
    async close() {
      await link.close();
      await record.close();
    },
  };
}

function inherited(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
