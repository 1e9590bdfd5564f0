/**
 * The state that moves with a role: its watermark and the transactions that wait in the holder's pool. A checkpoint is
 * versioned and carries a digest over the canonical JSON of its body; the receiver computes the digest again and refuses
 * anything older than what it has adopted. Bounded: what does not fit is counted, oldest kept first.
 */
import { createHash } from "node:crypto";
import { Checkpoint } from "../../kernel/agent-protocol.ts";

export const CHECKPOINT_TRANSACTIONS_MAX = 5_000;
/** An envelope's payload is 400,000 base64 characters, hence 300,000 bytes; the rest is for the words around the body. */
export const CHECKPOINT_BYTES_MAX = 280_000;

/** One waiting transaction; `nonce` orders it within its sender. */
export type Pending = { readonly sender: string; readonly nonce: number; readonly raw: string };
export type CheckpointFacts = Pick<Checkpoint, "role" | "node" | "epoch" | "version"> & {
  readonly watermark: number;
  readonly pending: readonly Pending[];
};

/** JSON with sorted keys and no spaces: equal bodies have equal bytes, whoever writes them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

export function bodyDigest(body: Checkpoint["body"]): string {
  return createHash("sha256").update(canonicalJson(body)).digest("hex");
}

/**
 * Takes the lowest nonces of every sender first, round by round, so that no sender's flood crowds out another's next
 * transaction, and within a sender a transaction is never carried without those before it.
 */
export function takeCheckpoint(facts: CheckpointFacts): Checkpoint {
  const ordered = inRounds(facts.pending);
  const pendingTransactions: string[] = [];
  const cut = new Set<string>();
  let bytes = 0;
  for (const { sender, raw } of ordered) {
    const fits = pendingTransactions.length < CHECKPOINT_TRANSACTIONS_MAX && bytes + raw.length + 3 <= CHECKPOINT_BYTES_MAX;
    if (!fits || cut.has(sender)) {
      cut.add(sender);
      continue;
    }
    bytes += raw.length + 3;
    pendingTransactions.push(raw);
  }
  const body = { watermark: facts.watermark, pendingTransactions, droppedCount: facts.pending.length - pendingTransactions.length };
  return { format: 1, role: facts.role, node: facts.node, epoch: facts.epoch, version: facts.version, sha256: bodyDigest(body), body };
}

function inRounds(pending: readonly Pending[]): readonly Pending[] {
  const bySender = Map.groupBy(pending, ({ sender }) => sender);
  const rounds = [...bySender.values()].flatMap((own) => own.toSorted((a, b) => a.nonce - b.nonce).map((one, round) => ({ one, round })));
  return rounds.toSorted((a, b) => a.round - b.round || (a.one.sender < b.one.sender ? -1 : 1)).map(({ one }) => one);
}

export type Adoption = { readonly kind: "adopt"; readonly checkpoint: Checkpoint } | { readonly kind: "refused"; readonly reason: string };
export type Adopted = { readonly epoch: number; readonly version: number };

/** Whether a receiver may take over a checkpoint: whole, for this role, and not older than what it has adopted before. */
export function judgeCheckpoint(offered: unknown, receiver: { role: string; adopted: Adopted | null }): Adoption {
  const refused = (reason: string): Adoption => ({ kind: "refused", reason });
  const parsed = Checkpoint.safeParse(offered);
  if (!parsed.success) return refused("the checkpoint is not in this version's shape");
  const checkpoint = parsed.data;
  if (checkpoint.role !== receiver.role) return refused(`the checkpoint is of the role ${checkpoint.role}, asked for was ${receiver.role}`);
  const digest = bodyDigest(checkpoint.body);
  if (digest !== checkpoint.sha256) return refused(`the checkpoint's digest is ${checkpoint.sha256}, its body's is ${digest}`);
  const { adopted } = receiver;
  if (adopted !== null && isOlder(checkpoint, adopted)) {
    return refused(
      `epoch ${checkpoint.epoch}, version ${checkpoint.version} is older than what was adopted here: ${adopted.epoch}, ${adopted.version}`,
    );
  }
  return { kind: "adopt", checkpoint };
}

export function isOlder(one: Adopted, other: Adopted): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.version < other.version);
}
