/**
 * What can be wrong with a ledger, in words of its own: which check failed, at which height, and a sentence. A ledger is
 * either verified whole or refused with one of these; nothing in between.
 */

export const LEDGER_CHECKS = [
  /** The bytes are not a segment at all, or of another version. */
  "format",
  "version",
  "oversize",
  "truncated",
  "trailing-bytes",
  "malformed",
  "chain-id",
  "height",
  "parent-link",
  /** The header has fields that no fork known here has: it cannot be re-hashed, only guessed at. */
  "header-fields",
  "header-hash",
  "ommers-hash",
  "transaction-type",
  "transaction-hash",
  "transactions-root",
  "receipts-root",
  "bloom",
  "cumulative-gas",
  "withdrawals-root",
] as const;
export type LedgerCheck = (typeof LEDGER_CHECKS)[number];

export type LedgerFailure = {
  readonly kind: "failed";
  readonly check: LedgerCheck;
  /** Null where the bytes do not even say which block it was. */
  readonly height: number | null;
  readonly reason: string;
};

export function failed(check: LedgerCheck, height: number | null, reason: string): LedgerFailure {
  return { kind: "failed", check, height, reason: height === null ? reason : `block ${height}: ${reason}` };
}
