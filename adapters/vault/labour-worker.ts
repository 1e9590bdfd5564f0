/** One thread of the vault's labour: performs the tasks that arrive and answers each by its number. */
import { createSecretKey } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { perform, type Task } from "./labour.ts";

const { gear, idKey } = workerData as { gear: Int32Array; idKey: Uint8Array };
const keys = { gear, idKey: createSecretKey(idKey) };

parentPort?.on("message", ({ number, task }: { number: number; task: Task }) => {
  try {
    parentPort?.postMessage({ number, result: perform(keys, task) });
  } catch (error) {
    // It is thrown again where the task was asked for.
    parentPort?.postMessage({ number, error });
  }
});
