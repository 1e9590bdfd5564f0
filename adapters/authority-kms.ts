/**
 * Who signs commands. Each process makes an Ed25519 session key that never leaves its memory, and has it delegated by the
 * control plane's P-256 key for an hour; half an hour later it makes the next. Signing a command is then local (50 µs),
 * and KMS is asked twice an hour rather than once a command. While a session is still good, a KMS that does not answer
 * costs nothing; when it has ended, `AuthorityUnavailable` is thrown.
 */
import { type KeyObject, sign } from "node:crypto";
import { CONTEXT, type Sealed } from "../core/kernel/agent-protocol.ts";
import { AuthorityUnavailable } from "../core/kernel/errors.ts";
import type { Clock } from "../core/kernel/ports.ts";
import { DELEGATION_MS_MAX } from "../core/kernel/settings.ts";
import { newSigningKey, publicKeyOf, signedBytes } from "./signature-ed25519.ts";

export type Session = { readonly privateKey: KeyObject; readonly delegation: Sealed };
export interface Authority {
  session(): Promise<Session>;
}

/** Renewed when half of its life is gone: half an hour of an unanswering KMS is survived. */
const RENEW_AFTER_MS = DELEGATION_MS_MAX / 2;
/** A session within this of its end is not handed out: a command signed with it must still arrive. */
const END_MARGIN_MS = 60_000;
/** While KMS fails and the session is still good, it is asked again this often. */
const RETRY_AFTER_MS = 5_000;
/** KMS answers in tens of milliseconds; a watcher's tick is a second. */
const KMS_TIMEOUT_MS = 3_000;

type Options = {
  readonly fleet: string;
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  /** Told of each renewal that failed while the session is still good, since nobody fails with it. */
  readonly onRenewalFailed?: (error: AuthorityUnavailable) => void;
};
type Held = Session & { readonly madeAtWallMs: number; readonly madeAtMs: number };

/** `signP256` returns a DER signature (ECDSA with SHA-256) over the bytes. */
export function delegatedAuthority(options: Options & { signP256: (bytes: Uint8Array) => Promise<Uint8Array> }): Authority {
  const { clock } = options;
  let held: Held | undefined;
  let renewing: Promise<void> | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  async function renew(): Promise<void> {
    const privateKey = newSigningKey();
    const madeAtWallMs = Math.trunc(clock.wallMs());
    const madeAtMs = clock.monotonicMs();
    const delegation = {
      fleet: options.fleet,
      sessionKey: publicKeyOf(privateKey),
      notBeforeMs: madeAtWallMs,
      notAfterMs: madeAtWallMs + DELEGATION_MS_MAX,
    };
    const payload = Buffer.from(JSON.stringify(delegation), "utf8").toString("base64url");
    const signature = Buffer.from(await options.signP256(signedBytes(CONTEXT.delegation, payload))).toString("base64url");
    held = { privateKey, delegation: { payload, signature }, madeAtWallMs, madeAtMs };
  }

  function renewOnce(): Promise<void> {
    renewing ??= renew()
      .catch((cause: unknown) => {
        failedAtMs = clock.monotonicMs();
        throw new AuthorityUnavailable({ action: "delegate a session key", cause });
      })
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  }

  /** The larger of two ages: a frozen process's monotonic clock may stand still, and a wall clock may be set back. */
  function ageMs(session: Held): number {
    return Math.max(clock.wallMs() - session.madeAtWallMs, clock.monotonicMs() - session.madeAtMs);
  }

  function isFresh(session: Held | undefined): session is Held {
    return session !== undefined && ageMs(session) <= DELEGATION_MS_MAX - END_MARGIN_MS;
  }

  return {
    async session() {
      if (!isFresh(held)) await renewOnce();
      // A renewal that had been under way while the process was frozen brings a session that is old already: once more.
      if (!isFresh(held)) await renewOnce();
      const current = held;
      if (!isFresh(current))
        throw new AuthorityUnavailable({ action: "delegate a session key", cause: "the signature took longer than a session lives" });
      if (ageMs(current) >= RENEW_AFTER_MS && clock.monotonicMs() - failedAtMs >= RETRY_AFTER_MS) {
        // Half-way: the next one is made beside the caller, who neither waits for it nor fails with it. `failedAtMs` paces the tries.
        renewOnce().catch((error: AuthorityUnavailable) => options.onRenewalFailed?.(error));
      }
      return current;
    },
  };
}

/** The control plane's own: an ECC_NIST_P256 key in KMS, by id, ARN or alias. The payload is far below KMS's 4096 bytes. */
export function kmsAuthority(options: Options & { keyId: string; region?: string; endpoint?: string }): Authority {
  let signing: Promise<(bytes: Uint8Array) => Promise<Uint8Array>> | undefined;

  async function load() {
    const { KMSClient, SignCommand } = await import("@aws-sdk/client-kms");
    const client = new KMSClient({
      maxAttempts: 2,
      ...(options.region === undefined ? {} : { region: options.region }),
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    });
    return async (bytes: Uint8Array) => {
      const reply = await client.send(
        new SignCommand({ KeyId: options.keyId, Message: bytes, MessageType: "RAW", SigningAlgorithm: "ECDSA_SHA_256" }),
        { abortSignal: AbortSignal.timeout(KMS_TIMEOUT_MS) },
      );
      if (reply.Signature === undefined) throw new Error("KMS answered without a signature");
      return reply.Signature;
    };
  }

  return delegatedAuthority({
    ...options,
    signP256: async (bytes) => {
      signing ??= load();
      return (await signing)(bytes);
    },
  });
}

/** The same with a P-256 key at hand, for tests and for a fleet whose operator keeps the key elsewhere. */
export function localAuthority(options: Options & { privateKey: KeyObject }): Authority {
  return delegatedAuthority({ ...options, signP256: async (bytes) => sign("sha256", bytes, options.privateKey) });
}
