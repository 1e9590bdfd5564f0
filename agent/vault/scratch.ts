/**
 * A node of its own on a restored directory, started and ended by the operator's hooks: what a drill boots. It is asked over loopback
 * like any node, and never signs: the hook starts a client without a validator's key.
 */
import { rm } from "node:fs/promises";
import { evmLedger } from "../../adapters/ledger-evm.ts";
import type { JobId, ScratchView } from "../../core/kernel/vault-job.ts";
import { hookEnvironment, runCommand } from "../hooks.ts";
import { nodeRpc } from "../rpc.ts";
import { type AgentVault, scratchFolder } from "./vault-config.ts";

const ASK_MS = 2_000;
const BYTES_MAX = 1024 * 1024;

type Given = { readonly fleet: string; readonly node: string; readonly scratch: NonNullable<AgentVault["scratch"]> };
export type HookOutcome = { readonly kind: "done" } | { readonly kind: "failed"; readonly reason: string };

export async function bootScratch(given: Given, job: JobId): Promise<HookOutcome> {
  const ran = await runCommand(given.scratch.boot, environment(given, "boot", job));
  return ran.kind === "done" ? { kind: "done" } : { kind: "failed", reason: `the boot hook ${ran.reason}` };
}

/** Idempotent: what is not there any more is no failure. */
export async function endScratch(given: Given, job: JobId): Promise<HookOutcome> {
  const ran = await runCommand(given.scratch.end, environment(given, "end", job));
  if (ran.kind === "failed") return { kind: "failed", reason: `the end hook ${ran.reason}` };
  await rm(scratchFolder(given.scratch.folder, job), { recursive: true, force: true });
  return { kind: "done" };
}

export async function lookAtScratch({ scratch }: Given, heights: readonly number[]): Promise<ScratchView> {
  const silent = (reason: string): ScratchView => ({ state: "silent", reason: reason.slice(0, 1_000), chainId: null, head: null, hashes: [] });
  const ledger = evmLedger({ url: scratch.rpc, finality: { kind: "depth", blocks: 1 } });
  try {
    const final = await ledger.finalBlock({ timeoutMs: ASK_MS });
    if (final.kind !== "final") return silent(final.reason);
    const told = await ledger.hashesAt(heights, { timeoutMs: ASK_MS });
    if (told.kind !== "hashes") return silent(told.reason);
    const { chainId, head } = final;
    const timestampS = await timestampOf(scratch.rpc, head.hash);
    if (timestampS === null) return silent("it does not say when its head was made");
    const hashes = [...told.hashes].map(([height, hash]) => ({ height, hash }));
    return { state: "answering", reason: "", chainId, head: { height: head.height, hash: head.hash, timestampS }, hashes };
  } finally {
    ledger.close();
  }
}

async function timestampOf(rpc: string, hash: string): Promise<number | null> {
  const asked = await nodeRpc(rpc).batch([{ method: "eth_getBlockByHash", params: [hash, false] }], { timeoutMs: ASK_MS, bytesMax: BYTES_MAX });
  const [block] = asked.kind === "answered" ? asked.outcomes : [];
  if (block?.kind !== "result" || typeof block.result !== "object" || block.result === null || !("timestamp" in block.result)) return null;
  const seconds = Number(block.result.timestamp);
  return Number.isSafeInteger(seconds) && seconds >= 0 ? seconds : null;
}

const environment = ({ fleet, node, scratch }: Given, hook: string, job: JobId): Record<string, string> => ({
  ...hookEnvironment(hook, { fleet, node }),
  SYNNERGY_SCRATCH: scratchFolder(scratch.folder, job),
});
