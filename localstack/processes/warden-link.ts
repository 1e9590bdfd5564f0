/**
 * The pipe to the warden: orders out, news in, and the answer to each order. The pipe is the lifeline: when it breaks at this
 * end the warden ends everything; when the warden ends unasked, `lost` says so here.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { GRACE_MS } from "./process-group.ts";
import { News, type Order } from "./protocol.ts";

/** The warden answers at once, except to `stop`, which takes up to the grace time and as much again for the kill. */
const ANSWER_MS_MAX = 10 * GRACE_MS;

type Waiting = { settle(news: News): void; fail(error: Error): void };
type Asked<K extends Order["kind"]> = Omit<Extract<Order, { kind: K }>, "id">;

export class WardenLink {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<unknown>;
  #lastId = 0;
  #closing = false;

  constructor(logFolder: string, hear: { exited(news: News & { kind: "exited" }): void; lost(reason: string): void }) {
    const log = openSync(join(logFolder, "warden.log"), "a");
    const program = join(import.meta.dirname, "warden.ts");
    this.#child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, logFolder], {
      detached: true,
      stdio: ["pipe", "pipe", log],
    });
    closeSync(log);
    if (this.#child.pid === undefined || !this.#child.stdout) throw new Error(`the warden could not be started with ${process.execPath}`);
    this.pid = this.#child.pid;
    this.#ended = once(this.#child, "exit").then(([code, signal]) => {
      const reason = `the warden (process ${this.pid}) ended with ${signal ?? `exit ${code}`}`;
      for (const waiting of this.#waiting.values()) waiting.fail(new Error(`${reason} before it answered`));
      this.#waiting.clear();
      if (!this.#closing) hear.lost(reason);
    });
    // A write to a warden that has ended: `exit` tells the whole story.
    this.#child.stdin?.on("error", () => undefined);
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const news = News.parse(JSON.parse(line));
      if (news.kind === "exited") {
        hear.exited(news);
        return;
      }
      this.#waiting.get(news.id)?.settle(news);
      this.#waiting.delete(news.id);
    });
  }

  /** `made` runs before any later news is heard, so that not even a child that ends at once is missed. */
  start<T>(order: Omit<Asked<"start">, "kind">, made: (pid: number) => T): Promise<T> {
    return this.#send({ kind: "start", ...order }, (news) => {
      if (news.kind !== "started") throw new Error(`${order.name} was not started: ${news.kind === "failed" ? news.reason : news.kind}`);
      return made(news.pid);
    });
  }

  ask(order: Asked<"signal"> | Asked<"stop">): Promise<void> {
    return this.#send(order, (news) => {
      if (news.kind !== "done") throw new Error(`${order.kind} ${order.name}: ${news.kind === "failed" ? news.reason : news.kind}`);
    });
  }

  /** Resolves when the warden, and with it every process group, is gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#child.stdin?.end();
    await this.#ended;
  }

  #send<T>(order: Asked<"start"> | Asked<"signal"> | Asked<"stop">, read: (news: News) => T): Promise<T> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<T>((resolve, reject) => {
      if (this.#closing || this.#child.exitCode !== null || this.#child.signalCode !== null) {
        reject(new Error(`${order.kind} ${order.name}: the warden is not running any more`));
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${order.kind} ${order.name}: the warden did not answer within ${ANSWER_MS_MAX} ms`));
      }, ANSWER_MS_MAX);
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      this.#waiting.set(id, {
        fail,
        settle(news) {
          clearTimeout(timer);
          try {
            resolve(read(news));
          } catch (error) {
            reject(error);
          }
        },
      });
      this.#child.stdin?.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }
}
