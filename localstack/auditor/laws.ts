/**
 * The laws of one holder, judged from what was seen and nothing else: every block at any node, on any branch; every state that
 * the lease was read in; every incident. Pure. It is told no story, so it cannot excuse one.
 */
import { type LeaseSighting, leaseTerms } from "./lease-terms.ts";
import { deepestReturn, type HeadSighting } from "./reorganisation.ts";
import type { SeenBlock } from "./seen-block.ts";

export type Seen = {
  readonly validators: readonly { readonly node: string; readonly coinbase: string }[];
  readonly blocks: readonly SeenBlock[];
  /** In the order in which they were seen at each node. */
  readonly heads: readonly HeadSighting[];
  /** In the order in which they were read. */
  readonly leases: readonly LeaseSighting[];
  readonly incidents: readonly { readonly id: string; readonly endedAtMs: number | null }[];
};

export type Terms = {
  /** How far the story's own fault may throw one node's head back, in blocks. */
  readonly reorganisationBlocksMax: number;
  /** The lease and the incidents were read after the last block, and nothing is under way any more. */
  readonly final: boolean;
};

export const LAWS = {
  "one-signer": "no slot is signed by two",
  "signed-once": "no signer signs two blocks of one slot",
  "holder-signs": "whoever signs a slot holds the epoch that covers it",
  "one-holder": "an epoch has one holder",
  "known-signer": "no block of an unknown signer is adopted",
  "bounded-return": "no head goes back further than the fault can cause",
  "whole-record": "every block's ancestors were seen",
  "incidents-end": "every incident ends",
} as const;
export type Law = keyof typeof LAWS;
export type Violation = { readonly law: Law; readonly text: string };

export type AuditReport = {
  readonly violations: readonly Violation[];
  readonly blocks: number;
  readonly slots: number;
  /** Blocks on no node's final branch are counted too: a signature is a signature. */
  readonly signedBy: Readonly<Record<string, number>>;
  /** Above what the lease was last read to allow, where the audit is not final: judged at the next reading. */
  readonly unsettled: number;
  /** Below the first epoch that was ever read: signed before the auditor came. */
  readonly beforeRecord: number;
  readonly deepestReturnBlocks: number;
};

export function audit(seen: Seen, terms: Terms): AuditReport {
  const nodeOf = new Map(seen.validators.map(({ node, coinbase }) => [coinbase.toLowerCase(), node]));
  const signed = seen.blocks.filter((block) => block.height > 0 && nodeOf.has(block.signer));
  const covered = holderViolations(signed, nodeOf, seen.leases, terms.final);
  const returned = deepestReturn(seen.blocks, seen.heads);
  const violations: Violation[] = [...slotViolations(signed, nodeOf), ...covered.violations, ...foreignViolations(seen.blocks, nodeOf)];
  for (const { node, blocks, from, to } of returned.returns) {
    if (blocks <= terms.reorganisationBlocksMax) continue;
    violations.push({
      law: "bounded-return",
      text: `${node} went back ${blocks} blocks, from ${from} to ${to}; at most ${terms.reorganisationBlocksMax} were to be expected`,
    });
  }
  for (const { node, hash } of returned.untraced) violations.push({ law: "whole-record", text: `an ancestor of ${hash} at ${node} was never seen` });
  for (const { id, endedAtMs } of terms.final ? seen.incidents : []) {
    if (endedAtMs === null) violations.push({ law: "incidents-end", text: `incident ${id} is still open` });
  }
  const signedBy: Record<string, number> = {};
  for (const block of signed) signedBy[nodeOf.get(block.signer) ?? ""] = (signedBy[nodeOf.get(block.signer) ?? ""] ?? 0) + 1;
  return {
    violations,
    blocks: signed.length,
    slots: new Set(signed.map((block) => block.slot)).size,
    signedBy,
    unsettled: covered.unsettled,
    beforeRecord: covered.beforeRecord,
    deepestReturnBlocks: Math.max(0, ...returned.returns.map(({ blocks }) => blocks)),
  };
}

function slotViolations(signed: readonly SeenBlock[], nodeOf: ReadonlyMap<string, string>): Violation[] {
  const violations: Violation[] = [];
  for (const [slot, blocks] of Map.groupBy(signed, (block) => block.slot)) {
    const bySigner = Map.groupBy(blocks, (block) => nodeOf.get(block.signer) ?? block.signer);
    if (bySigner.size > 1)
      violations.push({ law: "one-signer", text: `slot ${slot} was signed by ${[...bySigner.keys()].toSorted().join(" and ")}` });
    for (const [signer, own] of bySigner) {
      // Replay may spoil a block at a peer and make it again; what counts as signed is what the signer's own node had.
      const made = own.filter((block) => block.nodes.includes(signer));
      if (made.length > 1)
        violations.push({ law: "signed-once", text: `${signer} signed slot ${slot} ${made.length} times: ${made.map((b) => b.hash).join(", ")}` });
    }
  }
  return violations;
}

function holderViolations(signed: readonly SeenBlock[], nodeOf: ReadonlyMap<string, string>, leases: readonly LeaseSighting[], final: boolean) {
  const { epochs, conflicts } = leaseTerms(leases);
  const violations: Violation[] = conflicts.map((text) => ({ law: "one-holder", text }));
  let unsettled = 0;
  let beforeRecord = 0;
  for (const block of signed) {
    const signer = nodeOf.get(block.signer);
    const owner = epochs.findLast((epoch) => epoch.fromSlot <= block.slot);
    const said = `slot ${block.slot} was signed by ${signer}`;
    if (owner === undefined && (epochs[0]?.epoch ?? 0) > 1) beforeRecord += 1;
    else if (owner === undefined) violations.push({ law: "holder-signs", text: `${said}, and no epoch begins that early` });
    else if (block.slot > owner.throughSlot && owner.last && !final) unsettled += 1;
    else if (block.slot > owner.throughSlot)
      violations.push({ law: "holder-signs", text: `${said}, and epoch ${owner.epoch} ends with slot ${owner.throughSlot}` });
    else if (owner.holder !== signer)
      violations.push({ law: "holder-signs", text: `${said}, and epoch ${owner.epoch}, which covers it, is ${owner.holder}'s` });
  }
  return { violations, unsettled, beforeRecord };
}

function foreignViolations(blocks: readonly SeenBlock[], nodeOf: ReadonlyMap<string, string>): Violation[] {
  const adopted = blocks.filter((block) => block.height > 0 && !nodeOf.has(block.signer) && block.nodes.length > 1);
  return adopted.map((block) => ({
    law: "known-signer",
    text: `${block.hash} by ${block.signer}, whom nobody knows, is at ${block.nodes.join(", ")}`,
  }));
}
