/**
 * How S3 is called for a vault, and what its failures mean there. Every call ends: each attempt, the call with all its attempts
 * and the reading of a body have a limit, and whoever asked may stop it earlier. Nobody's failure becomes "absent": S3 says
 * that of a key alone, and of a key only to who may list the bucket.
 */
import { S3Client } from "@aws-sdk/client-s3";
import { VaultObjectTooLarge, VaultUnavailable } from "../core/kernel/errors.ts";

/** S3 asks its callers to slow down before it scales a prefix out; the SDK waits longer from one attempt to the next. */
const ATTEMPTS = 5;
const CONNECT_MS = 2_000;
/** To S3's first word after the request: the largest object, 64 MiB, at 5 MiB/s. */
const ANSWER_MS = 15_000;
/** A connection that carries nothing for so long is dead. */
const IDLE_MS = 10_000;
/** A call with its attempts and their pauses; a backup's job tries the whole again later. */
export const CALL_MS = 60_000;

/** Asked again when what it gave last is about to end. */
export type CurrentCredentials = () => Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date }>;
type ClientOptions = { region?: string | undefined; endpoint?: string | undefined; credentials?: CurrentCredentials | undefined };

export function openClient({ region, endpoint, credentials }: ClientOptions): S3Client {
  return new S3Client({
    ...(credentials === undefined ? {} : { credentials }),
    ...(region === undefined ? {} : { region }),
    /** An emulator answers to a bucket's name in the path, not in the host's name. */
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, socketTimeout: IDLE_MS, throwOnRequestTimeout: true },
  });
}

export type Calls = {
  /** Runs `work` under the call's limit and the caller's signal. Throws that signal's reason, or `VaultUnavailable`. */
  call<T>(action: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

export function limitedCalls(vault: string, callMs: number): Calls {
  return {
    async call(action, signal, work) {
      signal?.throwIfAborted();
      const limit = AbortSignal.timeout(callMs);
      try {
        return await work(signal === undefined ? limit : AbortSignal.any([signal, limit]));
      } catch (cause) {
        /** Whoever gave up is not told to try again. */
        signal?.throwIfAborted();
        if (cause instanceof VaultObjectTooLarge) throw cause;
        throw new VaultUnavailable({ vault, action, cause: limit.aborted ? `it took more than ${callMs} ms` : cause });
      }
    },
  };
}

/** S3's own word for what it did not do: `NoSuchKey`, `PreconditionFailed`, `InvalidRange`, `ConditionalRequestConflict` and many more. */
export function said(error: unknown, word: string): boolean {
  return error instanceof Error && error.name === word;
}

/** Whether an answer, or an error, came after an attempt of which nothing was heard. */
export function wasRepeated(answer: unknown): boolean {
  const metadata = typeof answer === "object" && answer !== null && "$metadata" in answer ? answer.$metadata : undefined;
  const attempts = typeof metadata === "object" && metadata !== null && "attempts" in metadata ? metadata.attempts : undefined;
  return attempts !== 1;
}
