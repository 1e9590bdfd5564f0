/**
 * A message that only the holder of one X25519 key can read: how credentials travel to an agent, whose commands may cross a
 * network in clear. Each message has an ephemeral key of its own, so the AES-256-GCM key is used once and a nonce of zero is safe.
 * The shape is RFC 9180's base mode (DHKEM over X25519, HKDF-SHA256, AES-256-GCM) with this house's own labels; who sent it is told
 * by the signature of the command around it.
 */
import { createCipheriv, createDecipheriv, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject } from "node:crypto";

const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE = Buffer.alloc(12);
const LABEL = "synnergy-ha/sealed-box/1\n";

export type BoxKey = { readonly privateKey: KeyObject /** 32 bytes in base64url. */; readonly publicKey: string };
export type SealedBox = { readonly ephemeralKey: string; readonly sealed: string };

export function newBoxKey(): BoxKey {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return { privateKey, publicKey: rawOf(publicKey).toString("base64url") };
}

/** `context` says what the message is for: it opens for nothing else. Throws `RangeError` where `to` is no key. */
export function sealTo(to: string, message: Uint8Array, context: string): SealedBox {
  const ephemeral = newBoxKey();
  const key = sharedKey(ephemeral.privateKey, to, { ephemeral: ephemeral.publicKey, to, context });
  const cipher = createCipheriv("aes-256-gcm", key, NONCE, { authTagLength: TAG_BYTES });
  const sealed = Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
  return { ephemeralKey: ephemeral.publicKey, sealed: sealed.toString("base64url") };
}

/** Null where it was sealed to another key, for another purpose, or was changed. */
export function openBox(own: BoxKey, { ephemeralKey, sealed }: SealedBox, context: string): Buffer | null {
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes.length < TAG_BYTES) return null;
  try {
    const key = sharedKey(own.privateKey, ephemeralKey, { ephemeral: ephemeralKey, to: own.publicKey, context });
    const decipher = createDecipheriv("aes-256-gcm", key, NONCE, { authTagLength: TAG_BYTES }).setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    // The tag does not fit, or the ephemeral key is no point of the curve's large group: both mean that it is not for us.
    return null;
  }
}

function sharedKey(privateKey: KeyObject, publicKey: string, names: { ephemeral: string; to: string; context: string }): Uint8Array {
  const shared = diffieHellman({ privateKey, publicKey: keyFrom(publicKey) });
  const salt = Buffer.concat([Buffer.from(names.ephemeral, "base64url"), Buffer.from(names.to, "base64url")]);
  return new Uint8Array(hkdfSync("sha256", shared, salt, LABEL + names.context, KEY_BYTES));
}

function keyFrom(publicKey: string): KeyObject {
  const raw = Buffer.from(publicKey, "base64url");
  if (raw.length !== KEY_BYTES) throw new RangeError(`an X25519 key has ${KEY_BYTES} bytes, not ${raw.length}`);
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: "der", type: "spki" });
}

const rawOf = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
