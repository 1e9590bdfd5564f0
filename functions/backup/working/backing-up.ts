/** One look-after of a run: by the agent for a directory, by functions for the ledger. Long runs are gone on with by the next function. */
import type { World } from "../../../core/kernel/ports.ts";
import type { Invocation } from "../../lambda.ts";
import { backUpDirectory } from "./directory.ts";
import { type BackupStep, nodeOfSource } from "./step.ts";

export type BackedUp = BackupStep & { readonly decision: "unfinished" | "done" | "cancelled"; readonly reason: string };

export async function backUpSource(world: World, step: BackupStep, invocation: Invocation): Promise<BackedUp> {
  const node = nodeOfSource(world, step.source);
  if (node === null) throw new RangeError("the ledger has a workflow of its own");
  const driven = await backUpDirectory(world, step, node, invocation);
  if (driven.kind === "done") return { ...step, decision: "done", result: driven.result, reason: "it is stored" };
  const reason = driven.kind === "cancelled" ? driven.sentence : "the next function goes on with it";
  return { ...step, decision: driven.kind, sentence: reason, reason };
}
