/**
 * One thread of the vault's labour: performs the tasks that arrive and answers each by its number. Sealing and opening leave
 * megabytes outside V8's heap behind, which V8 is in no hurry to collect, since it sees only their small handles; so it is
 * asked to after so many bytes, and a backup's memory stays flat.
 */
import { createSecretKey } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { bytesOf, perform, type Task } from "./labour.ts";
import { type Share, SharedReceiver } from "./shared-views.ts";

/** A pack's worth: more seldom and memory grows, more often and time does. `npm run bench -- backup` shows both. */
const COLLECT_AFTER_BYTES = 16 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const { gear, idKey } = workerData as { gear: Int32Array; idKey: Uint8Array };
const keys = { gear, idKey: createSecretKey(idKey) };
const shared = new SharedReceiver();
let leftBehindBytes = 0;

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
  if (task.kind !== "cut") leftBehindBytes += bytesOf(task);
  if (leftBehindBytes < COLLECT_AFTER_BYTES) return;
  leftBehindBytes = 0;
  collect();
}
