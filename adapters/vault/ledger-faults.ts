/** Why a backup of a ledger was not made. */
import { Permanent, Transient } from "../../core/kernel/errors.ts";

/** The node does not answer, is behind, or has nothing final yet. */
export class LedgerUnavailable extends Transient {
  override readonly name = "LedgerUnavailable";
  constructor({ reason }: { reason: string }) {
    super(`the ledger could not be read: ${reason}. No backup was written; what was stored is used by the next run.`);
  }
}

/** What the node says is not one chain, or not the one that another node has: an alarm, not a retry. */
export class LedgerRefused extends Permanent {
  override readonly name = "LedgerRefused";
  constructor({ reason }: { reason: string }) {
    super(`the ledger is refused: ${reason}. No backup was written; the backups before are as they were.`);
  }
}
