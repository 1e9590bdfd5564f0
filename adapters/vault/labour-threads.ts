/**
 * The vault's labour on threads, started with the first task that is worth them: a backup of nothing new never pays for them. A
 * task goes to the thread with the fewest; a thread that ends on its own fails its tasks instead of leaving them waiting.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { bytesOf, type Labour, type LabourKeys, perform, type ResultOf, type Task } from "./labour.ts";
import { SharedSender } from "./shared-views.ts";

type Waiting = { resolve(result: unknown): void; reject(error: unknown): void };
type Thread = { readonly worker: Worker; readonly waiting: Map<number, Waiting> };
/** A task of fewer bytes is done before a thread has begun: until there is a larger one, nobody is hired. */
const SMALL_BYTES = 256 * 1024;
/** More threads than this only wait for the disk. */
const THREADS_MAX = 8;

export function labourOnThreads(keys: LabourKeys, threads = Math.min(THREADS_MAX, availableParallelism())): Labour {
  let crew: Thread[] | undefined;
  let count = 0;
  const sender = new SharedSender((share) => {
    for (const { worker } of crew ?? []) worker.postMessage(share);
  });
  const hire = (): Thread => {
    const worker = new Worker(new URL("./labour-worker.ts", import.meta.url), {
      workerData: { gear: keys.gear, idKey: keys.idKey.export() },
    });
    const waiting = new Map<number, Waiting>();
    worker.on("message", ({ number, result, error }: { number: number; result?: unknown; error?: unknown }) => {
      const waits = waiting.get(number);
      waiting.delete(number);
      if (error === undefined) waits?.resolve(result);
      else waits?.reject(error);
    });
    const failAll = (error: unknown): void => {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    worker.on("error", failAll);
    worker.on("exit", (code) => failAll(new Error(`a thread of the vault's labour ended with code ${code}`)));
    return { worker, waiting };
  };
  return {
    width: threads,
    run: async (task) => {
      if (crew === undefined && bytesOf(task) < SMALL_BYTES) return perform(keys, task);
      crew ??= Array.from({ length: threads }, hire);
      const thread = crew.reduce((least, each) => (each.waiting.size < least.waiting.size ? each : least));
      count += 1;
      const number = count;
      return await new Promise<ResultOf<typeof task>>((resolve, reject) => {
        thread.waiting.set(number, { resolve: resolve as (result: unknown) => void, reject });
        thread.worker.postMessage({ number, task: sender.name<Task>(task) });
      });
    },
    close: async () => {
      await Promise.all((crew ?? []).map(({ worker }) => worker.terminate()));
      crew = undefined;
    },
  };
}
