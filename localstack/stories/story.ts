/**
 * A story is one fault and what must come of it, told on real nodes. It may do anything an operator or a bad day may do;
 * what it may not do is decide whether the laws held: the auditor reads the blocks itself and is not told the story.
 */
import type { BackupSource } from "../../core/kernel/backup-source.ts";
import type { Incident } from "../../core/kernel/incident.ts";
import type { Lease } from "../../core/kernel/lease.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import type { SeenVault } from "../auditor/backup-laws.ts";
import type { Rehearsal } from "../rehearsal/open-rehearsal.ts";

export type Expectation = { readonly sentence: string; readonly held: boolean; readonly found: string };
export type Measure = { readonly name: string; readonly value: number; readonly unit: "ms" | "slots" | "blocks" | "count" };

/** What a story can see and do. Times are milliseconds of this process's monotonic clock since the story began. */
export interface Stage {
  readonly registry: Registry;
  readonly regions: readonly string[];
  readonly home: string;
  elapsedMs(): number;
  say(text: string): void;
  fault(kind: string, target?: string, seconds?: number): Promise<void>;
  lease(): Promise<Lease>;
  /** Ended and open incidents of the role that were opened since the story began, oldest first. */
  incidents(): Promise<readonly Incident[]>;
  /** The newest block at any node: who signed it and in which slot. */
  tip(): Promise<{ signer: string; slot: number; height: number; seenAtMs: number }>;
  /** Starts the failover workflow as the Step Functions console would. */
  order(input: Record<string, unknown>): Promise<{ execution: string }>;
  /** Stops a running execution of the failover workflow, as a person or a lost Region would. */
  stopExecution(execution: string): Promise<void>;
  /** Asks until `look` gives something; says what it waited for when it does not come in time. */
  until<T>(what: string, withinMs: number, look: () => Promise<T | false | undefined>): Promise<T>;
  expect(sentence: string, held: boolean, found: string): void;
  measure(name: string, value: number, unit: Measure["unit"]): void;
  readonly rehearsal: Rehearsal;
  /** What lies in the vault's buckets now. */
  seeVault(): Promise<SeenVault>;
  /** The source's cell in the registry. */
  source(source: string): Promise<BackupSource | null>;
  /** Stops the execution that backs the source up, as a person or a lost Region would. */
  stopBackup(source: string): Promise<void>;
  /** Errors that steps of a run's execution have ended in, so far. */
  failuresOfBackup(run: string): Promise<readonly string[]>;
  /** As if a run that died had been replaced: what is left of it, such as a function whose workflow was stopped, finds that it is stale. */
  replaceBackup(source: string): Promise<void>;
  /** Sends transactions to the first node until the answer is called, which says how many. */
  sendTransactions(): () => Promise<number>;
  /** Names of the processes that run. */
  processes(): Promise<readonly string[]>;
  /** Kills the process that watches in a Region, as Lambda may at any time. */
  killWatcher(region: string): Promise<void>;
}

export type Story = {
  readonly name: string;
  readonly about: string;
  /** How far one node's head may go back in this story, in blocks: what the fault itself can cause, no more. */
  readonly reorganisationBlocksMax: number;
  /** It takes minutes, since something has to grow or to pass: `npm run rehearse -- --all` tells it, and `npm test`, which has half an hour, does not. */
  readonly isLong?: true;
  run(stage: Stage): Promise<void>;
};

/** The node that holds the role and signs, once the role moved away from `old`, with the time that passed since this was called. */
export async function untilSignedByAnother(stage: Stage, old: string, withinMs: number): Promise<{ holder: string; slot: number; afterMs: number }> {
  const from = stage.elapsedMs();
  return stage.until(`a block signed by another node than ${old}`, withinMs, async () => {
    const tip = await stage.tip();
    return tip.signer !== old && tip.signer !== "nobody" ? { holder: tip.signer, slot: tip.slot, afterMs: stage.elapsedMs() - from } : false;
  });
}

/** Every incident that the story caused has come to an end. */
export async function untilIncidentEnds(stage: Stage, withinMs: number): Promise<Incident> {
  return stage.until("the incident to end", withinMs, async () => (await stage.incidents()).findLast((incident) => incident.endedAtMs !== null));
}

/** After a fault of the holder: another node signs, which is measured, and the incident ends as resolved, which is expected. */
export async function untilRoleMoved(stage: Stage, old: string, within: { signedMs: number; endedMs: number }) {
  const moved = await untilSignedByAnother(stage, old, within.signedMs);
  stage.measure("fault to first block of the successor", moved.afterMs, "ms");
  const incident = await untilIncidentEnds(stage, within.endedMs);
  stage.expect("the incident was resolved", incident.status === "resolved", incident.status);
  return { moved, incident };
}
