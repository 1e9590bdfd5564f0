/**
 * Whether a token proves what it is shown for. It is good for one instance and one key: the first key that shows it in time has it for
 * good, so a token that is stolen later is worth nothing, and one that was stolen before is found out when the true node is refused.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { EnrolmentRequest, EnrolmentToken } from "../../kernel/enrolment.ts";

export type TokenFault = "token-unknown" | "token-wrong" | "token-of-another-instance" | "token-of-another-node" | "token-expired" | "token-used";
export type TokenJudgement =
  | { readonly kind: "good"; readonly claim: { readonly publicKey: string; readonly atMs: number }; readonly isFirst: boolean }
  | { readonly kind: "refused"; readonly because: TokenFault; readonly reason: string };

/** What an actuator stores of the token that it gives to an instance. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token, "utf8").digest("hex");
}

export function judgeToken(request: EnrolmentRequest, stored: EnrolmentToken | null, nowMs: number): TokenJudgement {
  const refused = (because: TokenFault, reason: string): TokenJudgement => ({ kind: "refused", because, reason });
  if (stored === null) return refused("token-unknown", `no token was issued for instance ${request.instanceId}`);
  if (stored.instanceId !== request.instanceId) return refused("token-of-another-instance", `the token is bound to instance ${stored.instanceId}`);
  // Digests of equal length in constant time: how long it takes says nothing about the token.
  if (!timingSafeEqual(Buffer.from(hashToken(request.token), "hex"), Buffer.from(stored.tokenSha256, "hex"))) {
    return refused("token-wrong", `it is not the token of instance ${request.instanceId}`);
  }
  if (stored.nodeId !== request.nodeId) return refused("token-of-another-node", `the token was issued for ${stored.nodeId}`);
  const { claim } = stored;
  if (claim !== null) {
    if (claim.publicKey !== request.publicKey) return refused("token-used", `another key has shown this token ${secondsAgo(nowMs, claim.atMs)}`);
    return { kind: "good", claim, isFirst: false };
  }
  if (nowMs >= stored.expiresAtMs) return refused("token-expired", `the token expired ${secondsAgo(nowMs, stored.expiresAtMs)}`);
  return { kind: "good", claim: { publicKey: request.publicKey, atMs: nowMs }, isFirst: true };
}

const secondsAgo = (nowMs: number, thenMs: number): string => `${Math.max(0, Math.round((nowMs - thenMs) / 1_000))} s ago`;
