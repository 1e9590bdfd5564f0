/**
 * Where the desk lies: `work-desk.json` in the agent's store, whole or not at all (adapters/durable-file.ts). A desk that is torn, edited,
 * older than the last one, or another node's is refused, and one that is lost is not taken for a first one: items that were given away would be
 * served twice. What the last one was is said by `<key file>.traded`, in another folder than the desk. It is written after the desk and
 * before anybody hears of it, so a desk that is newer than it was cut short by a crash, and one that is older was put back.
 */
import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { type DurableFile, durableFile, type Saved } from "../../adapters/durable-file.ts";
import { seedOf } from "../../adapters/signature-ed25519.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import { WORK_ITEMS_MAX, WorkId } from "../../core/kernel/work-trade.ts";
import { Desk, newDesk } from "../../core/scaling/autonomous-resource-optimization/desk.ts";

/** 512 items at 120 bytes, 1,000 givers at 90, 512 ids at 70, and a quarter more. */
const BYTES_MAX = 256 * 1024;

const Stored = z.object({
  desk: Desk,
  known: z.array(WorkId).max(WORK_ITEMS_MAX),
  /** The desk was lost: what was assigned before is not taken on, since it may be on another desk. */
  isReplacement: z.boolean(),
});
export type StoredWork = z.infer<typeof Stored>;
/** The desk that was written last: its epoch, and within it the number of the write. */
const Last = z.object({ epoch: Desk.shape.epoch, counter: z.int().min(1) });

export type WorkOpened =
  | { readonly kind: "opened"; readonly file: Pick<DurableFile<StoredWork>, "save">; readonly stored: StoredWork }
  | { readonly kind: "damaged"; readonly reason: string };

const HOW = "see docs/agent.md, 'A lost desk'";

export function openWork(options: {
  folder: string;
  keyFile: string;
  privateKey: KeyObject;
  node: NodeId;
  capacityUnits: number;
  nowMs: number;
}): WorkOpened {
  const { node, capacityUnits, nowMs } = options;
  const path = join(options.folder, "work-desk.json");
  const witnessPath = `${options.keyFile}.traded`;
  const secret = seedOf(options.privateKey);
  const file = durableFile({ path, shape: Stored, secret, bytesMax: BYTES_MAX });
  const witness = durableFile({ path: witnessPath, shape: Last, secret });
  const [loaded, last] = [file.load(), witness.load()];
  const damaged = (reason: string): WorkOpened => ({ kind: "damaged", reason: `${reason}; ${HOW}` });
  if (loaded.kind === "damaged") return damaged(loaded.reason);
  if (last.kind === "damaged") return damaged(last.reason);

  function save(value: StoredWork): Saved {
    const saved = file.save(value);
    if (saved.kind === "damaged") return saved;
    const noted = witness.save({ epoch: value.desk.epoch, counter: saved.counter });
    return noted.kind === "saved" ? saved : noted;
  }

  if (loaded.kind === "missing") {
    const first: StoredWork = { desk: newDesk(node, capacityUnits, Math.trunc(nowMs)), known: [], isReplacement: last.kind === "loaded" };
    const saved = save(first);
    return saved.kind === "saved" ? { kind: "opened", file: { save }, stored: first } : damaged(saved.reason);
  }
  const { desk } = loaded.value;
  if (desk.node !== node) return damaged(`${path} is the desk of ${desk.node}`);
  // Only a first desk, of which nobody has heard, may have been cut off from its witness by a crash.
  if (last.kind === "missing" && loaded.counter > 1) return damaged(`${witnessPath} is gone, so nobody knows whether ${path} is an old copy`);
  if (last.kind === "loaded" && isOlder({ epoch: desk.epoch, counter: loaded.counter }, last.value)) {
    return damaged(
      `${path} is an older copy: it is of epoch ${desk.epoch}, write ${loaded.counter}, the last was ${last.value.epoch}, ${last.value.counter}`,
    );
  }
  return { kind: "opened", file: { save }, stored: { ...loaded.value, desk: { ...desk, capacityUnits } } };
}

function isOlder(one: z.infer<typeof Last>, other: z.infer<typeof Last>): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.counter < other.counter);
}
