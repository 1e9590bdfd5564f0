/**
 * What the agent remembers over a restart, in one durable document: each role's epochs and slots, what was promoted and
 * adopted, and whether the last boot closed. A document that is missing is not "zero": the key's folder holds the file
 * `<key file>.unused` for as long as the key has never had a store, and only then (or when a person says `--initialize`)
 * does the agent begin from nothing.
 */

import type { KeyObject } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { type DurableFile, durableFile, flushFolder, type Loaded } from "../adapters/durable-file.ts";
import { open, publicKeyOf, seedOf } from "../adapters/signature-ed25519.ts";
import { CONTEXT, Sealed } from "../core/kernel/agent-protocol.ts";
import { Epoch, FleetId, NodeId, RoleName, Slot } from "../core/kernel/ids.ts";
import { Boot } from "../core/kernel/lease.ts";

const StoredRole = z.object({ role: RoleName, epoch: Epoch, fencedThrough: Epoch, watermark: Slot, throughSlot: Slot });
export const AgentState = z.object({
  fleet: FleetId,
  node: NodeId,
  roles: z.array(StoredRole).max(32),
  /** The epoch for which the promote hook last ran. */
  promoted: z.record(RoleName, Epoch),
  adopted: z.record(RoleName, z.object({ epoch: Epoch, version: z.int().min(0) })),
  bootId: z.string(),
  /** Signed at a clean end; removed by the next start's first write, so it proves one end once. */
  closing: Sealed.nullable(),
});
export type AgentState = z.infer<typeof AgentState>;

export type StoreOpened =
  | {
      readonly kind: "opened";
      readonly file: DurableFile<AgentState>;
      readonly state: AgentState;
      readonly counter: number;
      readonly closed: Boot | null;
    }
  | { readonly kind: "damaged"; readonly reason: string };

export type Floor = { readonly role: RoleName; readonly epoch: number; readonly slot: number };
type Options = {
  folder: string;
  keyFile: string;
  fleet: FleetId;
  node: NodeId;
  bootId: string;
  privateKey: KeyObject;
  /** A person's word that the store is to begin anew, not below these floors. */
  initialize: { readonly floors: readonly Floor[] } | null;
};

export const unusedMarker = (keyFile: string): string => `${keyFile}.unused`;
const HOW = "To go on: see docs/agent.md, 'A damaged store', and start once with --initialize --floor <role>=<epoch>:<slot>.";

export function openStore(options: Options): StoreOpened {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const path = join(options.folder, "agent-state.json");
  const file = durableFile({ path, shape: AgentState, secret: seedOf(options.privateKey) });
  const loaded = file.load();
  const marker = unusedMarker(options.keyFile);
  const before = priorState(loaded, options, { path, marker, file });
  if (before.kind === "damaged") return before;
  const closed = loaded.kind === "loaded" ? closingOf(before.state, loaded.counter, options.privateKey) : null;
  const state: AgentState = { ...before.state, bootId: options.bootId, closing: null };
  const saved = file.save(state);
  if (saved.kind === "damaged") return saved;
  rmSync(marker, { force: true });
  flushFolder(dirname(marker));
  return { kind: "opened", file, state, counter: saved.counter, closed };
}

type Prior = { kind: "state"; state: AgentState } | { kind: "damaged"; reason: string };

function priorState(loaded: Loaded<AgentState>, options: Options, at: { path: string; marker: string; file: DurableFile<AgentState> }): Prior {
  if (loaded.kind === "loaded") {
    if (options.initialize !== null) return { kind: "damaged", reason: `--initialize refused: the store ${at.path} is whole; start without it` };
    const { fleet, node } = loaded.value;
    if (fleet === options.fleet && node === options.node) return { kind: "state", state: loaded.value };
    return { kind: "damaged", reason: `the store ${at.path} belongs to ${node} in fleet ${fleet}` };
  }
  const fresh: AgentState = {
    fleet: options.fleet,
    node: options.node,
    roles: (options.initialize?.floors ?? []).map(({ role, epoch, slot }) => ({
      role,
      epoch,
      fencedThrough: epoch,
      watermark: slot,
      throughSlot: slot,
    })),
    promoted: {},
    adopted: {},
    bootId: options.bootId,
    closing: null,
  };
  if (options.initialize !== null) {
    if (loaded.kind === "damaged") renameSync(at.path, `${at.path}.damaged-${options.bootId}`);
    at.file.load();
    return { kind: "state", state: fresh };
  }
  if (loaded.kind === "damaged") return { kind: "damaged", reason: `${loaded.reason}. ${HOW}` };
  if (existsSync(at.marker)) return { kind: "state", state: fresh };
  return { kind: "damaged", reason: `the store ${at.path} is gone, and this key has had one before (there is no ${at.marker}). ${HOW}` };
}

/** The closing record, if it is ours and the last thing that was written: an older copy's counter would not fit its file. */
function closingOf(state: AgentState, counter: number, privateKey: KeyObject): Boot | null {
  if (state.closing === null) return null;
  const opened = open(CONTEXT.closing, state.closing, publicKeyOf(privateKey), Boot);
  if (opened.kind !== "opened") return null;
  return opened.value.bootId === state.bootId && opened.value.storeCounter === counter ? opened.value : null;
}
