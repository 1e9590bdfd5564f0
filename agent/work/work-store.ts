/**
 * Where the desk lies: `work-desk.json` in the agent's store, whole or not at all (adapters/durable-file.ts). A desk that is torn, edited,
 * another node's, or lost is not read as a first one: items that were given away would be served twice. That a key has had a desk is said by
 * `<key file>.traded`, in another folder than the desk, written before anything is assigned.
 */
import type { KeyObject } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { type DurableFile, durableFile, flushFolder } from "../../adapters/durable-file.ts";
import { seedOf } from "../../adapters/signature-ed25519.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import { WORK_ITEMS_MAX, WorkId } from "../../core/kernel/work-trade.ts";
import { Desk, newDesk } from "../../core/scaling/autonomous-resource-optimization/desk.ts";

/** 512 items at 120 bytes, 1,000 givers at 90, 512 ids at 70, and a quarter more. */
const BYTES_MAX = 256 * 1024;

const Stored = z.object({
  desk: Desk,
  known: z.array(WorkId).max(WORK_ITEMS_MAX),
  /** A person is to say which work is this node's: the desk was lost, and what was assigned before is not taken on. */
  isReplacement: z.boolean(),
});
export type StoredWork = z.infer<typeof Stored>;

export type WorkOpened =
  | { readonly kind: "opened"; readonly file: Pick<DurableFile<StoredWork>, "save">; readonly stored: StoredWork }
  | { readonly kind: "damaged"; readonly reason: string };

export const tradedMarker = (keyFile: string): string => `${keyFile}.traded`;

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
  const marker = tradedMarker(options.keyFile);
  const file = durableFile({ path, shape: Stored, secret: seedOf(options.privateKey), bytesMax: BYTES_MAX });
  const loaded = file.load();
  if (loaded.kind === "damaged") return { kind: "damaged", reason: `${loaded.reason}; see docs/agent.md, 'A lost desk'` };
  if (loaded.kind === "loaded" && loaded.value.desk.node !== node)
    return { kind: "damaged", reason: `${path} is the desk of ${loaded.value.desk.node}` };
  const hadOne = existsSync(marker);
  const before: StoredWork =
    loaded.kind === "loaded" ? loaded.value : { desk: newDesk(node, capacityUnits, Math.trunc(nowMs)), known: [], isReplacement: hadOne };
  const stored: StoredWork = { ...before, desk: { ...before.desk, capacityUnits } };
  // The desk first: were the marker there alone after a crash, a first desk would pass for a lost one.
  if (loaded.kind === "missing") {
    const saved = file.save(stored);
    if (saved.kind === "damaged") return saved;
  }
  if (!hadOne) {
    writeFileSync(marker, "", { mode: 0o600, flush: true });
    flushFolder(dirname(marker));
  }
  return { kind: "opened", file, stored };
}
