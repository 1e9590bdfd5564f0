/**
 * The vault's labour on threads, started with the first task that is worth them: a backup of nothing new never pays for them. A
 * task goes to the first thread that is free; a thread that ends on its own fails what was asked, and what is asked afterwards,
 * instead of leaving it waiting.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { bytesOf, type Labour, type LabourKeys, perform, type ResultOf, type Task } from "./labour.ts";
import { SharedSender } from "./shared-views.ts";

type Asked = { readonly task: Task; resolve(result: unknown): void; reject(error: unknown): void };
type Thread = { readonly worker: Worker; readonly underWay: Map<number, Asked> };
/** A task of fewer bytes is done before a thread has begun: until there is a larger one, nobody is hired. */
const SMALL_BYTES = 256 * 1024;
/** More threads than this only wait for the disk. */
const THREADS_MAX = 8;
/** One that is worked on and one that lies ready; the others wait for whoever is free first, since tasks differ in length. */
const TASKS_PER_THREAD = 2;
/** A thread makes small things and drops them: a larger nursery only fills, up to 48 MiB of it, before it is swept. */
const YOUNG_MIB = 3;

export function labourOnThreads(keys: LabourKeys, threads = Math.min(THREADS_MAX, availableParallelism())): Labour {
  let crew: Crew | undefined;
  return {
    width: threads,
    run: async (task) => {
      if (crew === undefined && bytesOf(task) < SMALL_BYTES) return perform(keys, task);
      crew ??= new Crew(keys, threads);
      return await crew.run(task);
    },
    close: async () => {
      await crew?.close();
      crew = undefined;
    },
  };
}

class Crew {
  private readonly threads: readonly Thread[];
  private readonly waiting: Asked[] = [];
  private readonly sender = new SharedSender((share) => {
    for (const { worker } of this.threads) worker.postMessage(share);
  });
  private count = 0;
  private failure: { readonly error: unknown } | null = null;

  constructor(keys: LabourKeys, threads: number) {
    this.threads = Array.from({ length: threads }, () => this.hire(keys));
  }

  run<T extends Task>(task: T): Promise<ResultOf<T>> {
    return new Promise<ResultOf<T>>((resolve, reject) => {
      this.waiting.push({ task, resolve: resolve as (result: unknown) => void, reject });
      this.handOut();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }

  private hire(keys: LabourKeys): Thread {
    const worker = new Worker(new URL("./labour-worker.mjs", import.meta.url), {
      workerData: { gear: keys.gear, idKey: keys.idKey.export() },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    const underWay = new Map<number, Asked>();
    worker.on("message", ({ number, result, error }: { number: number; result?: unknown; error?: unknown }) => {
      const asked = underWay.get(number);
      underWay.delete(number);
      this.handOut();
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(error);
    });
    worker.on("error", (error) => this.fail(error));
    worker.on("exit", (code) => this.fail(new Error(`a thread of the vault's labour ended with code ${code}`)));
    return { worker, underWay };
  }

  private handOut(): void {
    if (this.failure !== null) this.fail(this.failure.error);
    while (this.waiting.length > 0) {
      const thread = this.threads.reduce((least, each) => (each.underWay.size < least.underWay.size ? each : least));
      if (thread.underWay.size >= TASKS_PER_THREAD) return;
      const asked = this.waiting.shift() as Asked;
      this.count += 1;
      thread.underWay.set(this.count, asked);
      thread.worker.postMessage({ number: this.count, task: this.sender.name(asked.task) });
    }
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    for (const { reject } of this.waiting.splice(0)) reject(this.failure.error);
    for (const { underWay } of this.threads) {
      for (const { reject } of underWay.values()) reject(this.failure.error);
      underWay.clear();
    }
  }
}
