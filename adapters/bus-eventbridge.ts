/**
 * The bus on EventBridge. An event is on it when `publish` resolves, and not when it throws BusUnavailable. EventBridge
 * delivers at least once, and a repeated call may put the same event twice: both copies carry one id.
 */
import { EventBridgeClient, PutEventsCommand, type PutEventsCommandOutput } from "@aws-sdk/client-eventbridge";
import { BusUnavailable } from "../core/kernel/errors.ts";
import { EVENT_SOURCE } from "../core/kernel/events.ts";
import type { Bus } from "../core/kernel/ports.ts";
import { type BusOptions, completeEvent } from "./bus-events.ts";
import { systemClock } from "./clock-system.ts";
import { systemEntropy } from "./entropy-system.ts";

/** PutEvents may answer well and refuse the entry inside; the SDK repeats only calls that failed as a whole. */
const ATTEMPTS = 3;
const PAUSE_MS = 100;
/** An event is never worth more than the watcher's second or two: PutEvents answers within 100 ms as a rule. */
const ATTEMPT_MS = 1_000;
const CONNECT_MS = 500;

export type EventBridgeBusOptions = Partial<BusOptions> & { fleet: string; region: string; busName: string; endpoint?: string };

export function eventBridgeBus(options: EventBridgeBusOptions): Bus & { close(): void } {
  const { fleet, region, busName, clock = systemClock(), entropy = systemEntropy() } = options;
  const client = new EventBridgeClient({
    region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ATTEMPT_MS, throwOnRequestTimeout: true },
  });
  return {
    close: () => client.destroy(),
    async publish(name, said) {
      const { text } = completeEvent(name, said, { fleet, region, clock, entropy });
      const command = new PutEventsCommand({ Entries: [{ EventBusName: busName, Source: EVENT_SOURCE, DetailType: name, Detail: text }] });
      let cause = "";
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        const answer = await client.send(command).catch((error: unknown) => {
          throw new BusUnavailable({ event: name, cause: error });
        });
        const refusal = refusalIn(answer);
        if (refusal === null) return;
        cause = `${busName} in ${region}: ${refusal}`;
        if (attempt < ATTEMPTS) await clock.sleep(PAUSE_MS * attempt);
      }
      throw new BusUnavailable({ event: name, cause });
    },
  };
}

function refusalIn(answer: PutEventsCommandOutput): string | null {
  if (!answer.FailedEntryCount) return null;
  const entry = answer.Entries?.find((each) => each.ErrorCode !== undefined);
  return `${entry?.ErrorCode ?? "refused"}: ${entry?.ErrorMessage ?? "no reason given"}`;
}
