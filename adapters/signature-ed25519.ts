/**
 * Signs and opens envelopes with Ed25519. What is signed is the context string and then the payload's base64url text, byte
 * for byte as it travels: nothing is decoded or re-serialised before the signature has been checked, and a signature made
 * for one purpose (a command, say) never opens as another (a reply), since each purpose has a context of its own.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import type * as z from "zod";
import { type CONTEXT, Sealed } from "../core/kernel/agent-protocol.ts";
import { faultsOf } from "../core/kernel/errors.ts";
import { PublicKey } from "../core/kernel/ids.ts";

export type Context = (typeof CONTEXT)[keyof typeof CONTEXT];
export type Opened<T> =
  | { readonly kind: "opened"; readonly value: T }
  | { readonly kind: "forged"; readonly reason: string }
  /** The signature is good; the signer said something that this version does not understand. */
  | { readonly kind: "malformed"; readonly reason: string };

export const SEED_BYTES = 32;
/** PKCS #8 and SPKI (RFC 8410) put a fixed prefix before the raw 32 bytes of an Ed25519 key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
/** Imported keys are kept: importing costs as much as verifying. A fleet has 500 nodes at most, and sessions come and go. */
const KEYS_KEPT_MAX = 1_024;
const imported = new Map<string, KeyObject>();

export function newSigningKey(): KeyObject {
  return generateKeyPairSync("ed25519").privateKey;
}

export function signingKeyFrom(seed: Uint8Array): KeyObject {
  if (seed.length !== SEED_BYTES) throw new RangeError(`an Ed25519 private key has ${SEED_BYTES} bytes, not ${seed.length}`);
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

export function seedOf(privateKey: KeyObject): Uint8Array {
  return privateKey.export({ format: "der", type: "pkcs8" }).subarray(PKCS8_PREFIX.length);
}

/** The public half as the fleet file writes it. */
export function publicKeyOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length).toString("base64url");
}

function publicKeyFrom(text: string): KeyObject | undefined {
  const known = imported.get(text);
  if (known !== undefined) return known;
  if (!PublicKey.safeParse(text).success) return undefined;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, Buffer.from(text, "base64url")]), format: "der", type: "spki" });
  if (imported.size >= KEYS_KEPT_MAX) imported.clear();
  imported.set(text, key);
  return key;
}

/** The very bytes that a signature covers. */
export function signedBytes(context: Context, payload: string): Buffer {
  return Buffer.from(context + payload, "utf8");
}

export function seal(context: Context, value: unknown, privateKey: KeyObject): Sealed {
  const payload = Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
  return { payload, signature: sign(null, signedBytes(context, payload), privateKey).toString("base64url") };
}

/** Never throws: whatever a stranger sends is `forged`. */
export function open<S extends z.ZodType>(context: Context, sealed: unknown, publicKey: string, shape: S): Opened<z.infer<S>> {
  const envelope = Sealed.safeParse(sealed);
  if (!envelope.success) return { kind: "forged", reason: `not a sealed envelope: ${faultsOf(envelope.error).join("; ")}` };
  return openSigned(context, envelope.data, publicKey, shape);
}

/** As `open`, for a payload whose length the caller has limited. */
export function openSigned<S extends z.ZodType>(context: Context, { payload, signature }: Sealed, publicKey: string, shape: S): Opened<z.infer<S>> {
  const key = publicKeyFrom(publicKey);
  if (key === undefined) return { kind: "forged", reason: "the key to verify with is not an Ed25519 public key" };
  if (!verify(null, signedBytes(context, payload), key, Buffer.from(signature, "base64url"))) {
    return { kind: "forged", reason: "the signature does not fit the key, the purpose and the bytes" };
  }
  return openPayload(payload, shape);
}

/** For a payload whose signature has been checked. */
export function openPayload<S extends z.ZodType>(payload: string, shape: S): Opened<z.infer<S>> {
  const json = parseJson(Buffer.from(payload, "base64url").toString("utf8"));
  if (json.kind === "broken") return { kind: "malformed", reason: "well signed, but not JSON" };
  const parsed = shape.safeParse(json.value);
  return parsed.success
    ? { kind: "opened", value: parsed.data }
    : { kind: "malformed", reason: `well signed, but not in this version's shape: ${faultsOf(parsed.error).slice(0, 5).join("; ")}` };
}

function parseJson(text: string): { kind: "parsed"; value: unknown } | { kind: "broken" } {
  try {
    return { kind: "parsed", value: JSON.parse(text) };
  } catch {
    return { kind: "broken" };
  }
}
