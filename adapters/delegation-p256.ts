/**
 * The chain from a key that an operator pins to the session key that signs commands: a P-256 key (in KMS, whence it never
 * comes out) says "this Ed25519 key speaks for the fleet from then until then", for an hour at most. This is the one place
 * where wall clocks are compared, with DELEGATION_SKEW_MS allowed for either side.
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { CONTEXT, Delegation, type Sealed } from "../core/kernel/agent-protocol.ts";
import { DELEGATION_MS_MAX, DELEGATION_SKEW_MS } from "../core/kernel/settings.ts";
import { openPayload, signedBytes } from "./signature-ed25519.ts";

export type DelegationVerdict =
  | { readonly kind: "delegated"; readonly delegation: Delegation }
  | { readonly kind: "forged"; readonly reason: string }
  | { readonly kind: "expired"; readonly reason: string }
  | { readonly kind: "misdirected"; readonly reason: string };

/** Two Regions' functions renew twice an hour each, in a few processes: a hundred is ample, and bounds the memory. */
const VERIFIED_KEPT_MAX = 100;

export type PinnedKeys =
  | { readonly kind: "pinned"; readonly keys: readonly KeyObject[] }
  | { readonly kind: "invalid"; readonly faults: readonly string[] };

/** Reads pinned keys: SPKI in base64 (what `aws kms get-public-key --query PublicKey` prints), on the curve P-256. */
export function readPinnedKeys(texts: readonly string[]): PinnedKeys {
  const keys: KeyObject[] = [];
  const faults: string[] = [];
  for (const [index, text] of texts.entries()) {
    const key = p256From(text);
    if (key === undefined) faults.push(`control key ${index + 1} is not a P-256 public key (SPKI, base64)`);
    else keys.push(key);
  }
  return faults.length > 0 ? { kind: "invalid", faults } : { kind: "pinned", keys };
}

function p256From(text: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Verifies delegations against the pinned keys; a signature seen before costs no second look, its times always do. */
export function delegationVerifier(options: { fleet: string; keys: readonly KeyObject[] }) {
  const verified = new Map<string, Delegation>();

  function read(sealed: Sealed): DelegationVerdict {
    const name = `${sealed.signature}.${sealed.payload}`;
    const known = verified.get(name);
    if (known !== undefined) return { kind: "delegated", delegation: known };
    const bytes = signedBytes(CONTEXT.delegation, sealed.payload);
    const signature = Buffer.from(sealed.signature, "base64url");
    if (!options.keys.some((key) => verify("sha256", bytes, key, signature))) {
      return { kind: "forged", reason: "no pinned control key signed this delegation" };
    }
    const opened = openPayload(sealed.payload, Delegation);
    if (opened.kind !== "opened") return { kind: "forged", reason: opened.reason };
    if (verified.size >= VERIFIED_KEPT_MAX) verified.clear();
    verified.set(name, opened.value);
    return { kind: "delegated", delegation: opened.value };
  }

  return (sealed: Sealed, wallMs: number): DelegationVerdict => {
    const verdict = read(sealed);
    if (verdict.kind !== "delegated") return verdict;
    const { fleet, notBeforeMs, notAfterMs } = verdict.delegation;
    if (fleet !== options.fleet) return { kind: "misdirected", reason: `the delegation is for the fleet ${fleet}, this is ${options.fleet}` };
    if (notAfterMs < notBeforeMs || notAfterMs - notBeforeMs > DELEGATION_MS_MAX) {
      return { kind: "forged", reason: `a delegation lasts ${DELEGATION_MS_MAX} ms at most, this one ${notAfterMs - notBeforeMs} ms` };
    }
    if (wallMs < notBeforeMs - DELEGATION_SKEW_MS || wallMs > notAfterMs + DELEGATION_SKEW_MS) {
      const offMs = wallMs < notBeforeMs ? wallMs - notBeforeMs : wallMs - notAfterMs;
      return { kind: "expired", reason: `the delegation is out of date by ${offMs} ms; if this goes on, compare this host's clock with the world's` };
    }
    return verdict;
  };
}
