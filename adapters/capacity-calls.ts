/** How AWS is called to move capacity, and what its failures mean for an order: nothing is thrown, and "unknown" is never taken for "no". */
import { type CapacityOutcome, sayBriefly } from "../core/kernel/capacity.ts";

/** An order is a workflow's step of 30 s at least: two attempts of 5 s with their pauses leave it time to say what came of it. */
const ATTEMPT_MS = 5_000;
const CONNECT_MS = 1_000;
const ATTEMPTS = 2;

export type AwsPlace = { readonly region: string; readonly endpoint?: string | undefined };

/** `repeats: false` for a call that is not sure to do nothing the second time: its lost answer is told, not tried again. */
export function clientSettings({ region, endpoint }: AwsPlace, { repeats }: { repeats: boolean }) {
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: repeats ? ATTEMPTS : 1,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ATTEMPT_MS, throwOnRequestTimeout: true },
  };
}

const THROTTLED: ReadonlySet<string> = new Set(["Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"]);

export type Failure = Extract<CapacityOutcome, { kind: "busy" | "refused" | "unreachable" }>;

/**
 * `busy` are the names by which AWS says "not now". Any other answer of the 400s is a refusal: it will be the same again. What has no
 * answer, and the 500s, may have been done.
 */
export function failureOf(action: string, error: unknown, busy: ReadonlySet<string> = new Set()): Failure {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const reason = sayBriefly(`${action}: ${name}: ${message}`);
  if (busy.has(name) || THROTTLED.has(name)) return { kind: "busy", reason };
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500 ? { kind: "refused", reason } : { kind: "unreachable", reason };
}

/** The outcome of the first step that does not go. */
export async function answeredBy(action: string, busy: ReadonlySet<string>, calls: () => Promise<CapacityOutcome>): Promise<CapacityOutcome> {
  try {
    return await calls();
  } catch (error) {
    return failureOf(action, error, busy);
  }
}

/** A look that is not now is told as one that did not come about. */
export async function lookedBy<L extends { kind: string }>(action: string, look: () => Promise<L>): Promise<L | Exclude<Failure, { kind: "busy" }>> {
  try {
    return await look();
  } catch (error) {
    const failure = failureOf(action, error);
    return failure.kind === "busy" ? { kind: "unreachable", reason: failure.reason } : failure;
  }
}
