/** One thread of the vault's labour: performs the tasks that arrive and answers each by its number. */
import { createSecretKey } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { perform, type Task } from "./labour.ts";
import { type Share, SharedReceiver } from "./shared-views.ts";

const { gear, idKey } = workerData as { gear: Int32Array; idKey: Uint8Array };
const keys = { gear, idKey: createSecretKey(idKey) };
const shared = new SharedReceiver();

type Message = Share | { readonly number: number; readonly task: Task };

parentPort?.on("message", (message: Message) => {
  if ("share" in message) shared.take(message);
  else answer(message.number, shared.open(message.task));
});

function answer(number: number, task: Task): void {
  try {
    parentPort?.postMessage({ number, result: perform(keys, task) });
  } catch (error) {
    // It is thrown again where the task was asked for.
    parentPort?.postMessage({ number, error });
  }
}
