/** How DynamoDB is called, and what its failures mean here: a request it refuses is ours to mend, anything else may pass. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { InputInvalid, RegistryUnavailable } from "../core/kernel/errors.ts";

/**
 * A lease of 10 s is renewed every 3.3 s: three attempts of 800 ms, with the SDK's pauses of at most 100 and 200 ms between
 * them, have ended when the next renewal is due. A strongly consistent write between Regions takes some 150 ms.
 */
const ATTEMPTS = 3;
const ATTEMPT_MS = 800;
const CONNECT_MS = 500;

export function openClient(region: string, endpoint: string | undefined): DynamoDBClient {
  return new DynamoDBClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ATTEMPT_MS, throwOnRequestTimeout: true },
  });
}

export async function answered<T>(action: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw failure(action, error);
  }
}

export function failure(action: string, cause: unknown): Error {
  const refused = cause instanceof Error && cause.name === "ValidationException";
  return refused
    ? new InputInvalid({ where: `what DynamoDB was asked (${action})`, faults: [cause.message] })
    : new RegistryUnavailable({ action, cause });
}
