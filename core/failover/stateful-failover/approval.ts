/**
 * How often somebody may try an operator's token. Each attempt is counted before the token is looked at, so that attempts
 * made side by side are counted too; a right token sets the count back. An unknown name is answered like a wrong token.
 */
import type { Operator } from "../../kernel/records.ts";

/** Five typing mistakes are a person's; a token has 128 random bits, so guessing is hopeless long before the lock ends. */
export const ATTEMPTS_MAX = 5;
export const LOCK_MS = 15 * 60_000;

export type Attempt =
  | { readonly kind: "write"; readonly next: Operator; readonly allowed: true }
  | { readonly kind: "keep"; readonly allowed: false };

/** Counts one attempt; the last that is allowed locks the name until a right token or the lock's end. */
export function countAttempt(operator: Operator | null, nowMs: number): Attempt {
  if (!operator || nowMs < operator.lockedUntilMs) return { kind: "keep", allowed: false };
  const spent = operator.failures >= ATTEMPTS_MAX ? 0 : operator.failures;
  const failures = spent + 1;
  return {
    kind: "write",
    allowed: true,
    next: { ...operator, failures, lockedUntilMs: failures >= ATTEMPTS_MAX ? nowMs + LOCK_MS : operator.lockedUntilMs },
  };
}

export function attemptSucceeded(operator: Operator): Operator {
  return { ...operator, failures: 0, lockedUntilMs: 0 };
}
