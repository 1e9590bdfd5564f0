/**
 * The warden: a small process that starts the rehearsal's processes, and ends them when its supervisor is gone, however it
 * went. It sits in a session of its own, so Ctrl-C and a closed terminal reach the supervisor and not it; it learns of the
 * supervisor's end from the end of its stdin, which the kernel sees to even after SIGKILL. It exits only when every
 * process group is gone, or after saying which one is stuck.
 *
 *     node localstack/processes/warden.ts <log folder>
 */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endGroups, signalGroup } from "./process-group.ts";
import { type News, Order, type Signal } from "./protocol.ts";

/** Logs are for the last minutes before a fault; a chatty process must not fill the disk of a rehearsal left overnight. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;
const LOG_CHECK_MS = 10_000;

const folder = process.argv[2];
if (folder === undefined) throw new Error("the warden needs one argument: the folder for the logs");
mkdirSync(folder, { recursive: true });
const logFolder: string = folder;

type Ward = { readonly leader: number; readonly log: number };
const wards = new Map<string, Ward>();
let ending = false;

function tell(news: News): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

function start(order: Order & { kind: "start" }): void {
  const { id, name, command, args, env, cwd } = order;
  const refusal = ending ? "everything is being stopped" : wards.has(name) ? `a process named ${name} is running` : undefined;
  if (refusal !== undefined) {
    tell({ kind: "failed", id, reason: refusal });
    return;
  }
  const log = openSync(join(logFolder, `${name}.log`), "a");
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", log, log] });
  child.once("error", (error) => {
    if (child.pid !== undefined) return;
    closeSync(log);
    tell({ kind: "failed", id, reason: `${command} could not be started in ${cwd}: ${error.message}` });
  });
  const leader = child.pid;
  if (leader === undefined) return;
  wards.set(name, { leader, log });
  child.once("exit", (code, signal) => {
    wards.delete(name);
    closeSync(log);
    // What the leader leaves behind has nobody to end it any more.
    signalGroup(leader, "SIGKILL");
    tell({ kind: "exited", name, pid: leader, code, signal });
  });
  tell({ kind: "started", id, pid: leader });
}

async function stop(id: number, name: string): Promise<void> {
  const ward = wards.get(name);
  const outcome = ward ? await endGroups([ward.leader]) : { kind: "gone" as const };
  if (outcome.kind === "gone") tell({ kind: "done", id });
  else tell({ kind: "failed", id, reason: `process ${ward?.leader} (${name}) does not end, even by SIGKILL` });
}

function obey(line: string): void {
  const parsed = Order.safeParse(JSON.parse(line));
  if (!parsed.success) throw new Error(`the warden does not understand the order ${line}: ${parsed.error.message}`);
  const order = parsed.data;
  if (order.kind === "start") start(order);
  else if (order.kind === "stop") void stop(order.id, order.name);
  else if (reached(order.name, order.signal)) tell({ kind: "done", id: order.id });
  else tell({ kind: "failed", id: order.id, reason: `no process named ${order.name} is running` });
}

function reached(name: string, signal: Signal): boolean {
  const ward = wards.get(name);
  return ward !== undefined && signalGroup(ward.leader, signal);
}

async function endAll(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  const outcome = await endGroups([...wards.values()].map((ward) => ward.leader));
  if (outcome.kind === "stuck") process.stderr.write(`these process groups do not end, even by SIGKILL: ${outcome.leaders.join(", ")}\n`);
  process.exit(outcome.kind === "stuck" ? 1 : code);
}

function cutLongLogs(): void {
  for (const { log } of wards.values()) if (fstatSync(log).size > LOG_BYTES_MAX) ftruncateSync(log);
}

// A closed pipe is noticed by the end of stdin; the failed write itself is no news.
process.stdout.on("error", () => void endAll(0));
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("SIGTERM", () => void endAll(0));
process.on("uncaughtException", (error) => {
  process.stderr.write(`the warden failed and ends everything: ${error.stack ?? error.message}\n`);
  void endAll(1);
});
setInterval(cutLongLogs, LOG_CHECK_MS).unref();
createInterface({ input: process.stdin })
  .on("line", obey)
  .on("close", () => void endAll(0));
