/** EventBridge's API keeps the bus's contract; and a bus that refuses or is not there is told as such. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateEventBusCommand, EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { afterAll, describe, expect, it } from "vitest";
import { eventBridgeBus } from "../../adapters/bus-eventbridge.ts";
import { BusUnavailable } from "../../core/kernel/errors.ts";
import { EVENT_SOURCE } from "../../core/kernel/events.ts";
import { useEmulator } from "../support/emulator.ts";
import { createQueue } from "../support/queue.ts";
import { N1 } from "../support/record-samples.ts";
import { settableClock } from "../support/settable-clock.ts";
import { AT_MS, describeBus } from "./bus.contract.ts";

const aws = useEmulator();
const PLACE = { fleet: "rehearsal", region: "us-east-1", busName: "synnergy-rehearsal" };
const clock = settableClock(AT_MS);

describeBus("the bus on EventBridge", async () => {
  const queue = await createQueue(aws.endpoint, "seen");
  const client = new EventBridgeClient({ endpoint: aws.endpoint, region: PLACE.region });
  await client.send(new CreateEventBusCommand({ Name: PLACE.busName }));
  await client.send(new PutRuleCommand({ Name: "all", EventBusName: PLACE.busName, EventPattern: JSON.stringify({ source: [EVENT_SOURCE] }) }));
  await client.send(new PutTargetsCommand({ Rule: "all", EventBusName: PLACE.busName, Targets: [{ Id: "queue", Arn: queue.arn }] }));
  return {
    bus: eventBridgeBus({ ...PLACE, endpoint: aws.endpoint, clock }),
    next: async () => {
      const event = JSON.parse(await queue.take()) as { "detail-type": string; source: string; detail: unknown };
      expect(event.source).toBe(EVENT_SOURCE);
      return { name: event["detail-type"], detail: event.detail };
    },
  };
});

describe("a bus behind a network", () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => void server.close()));
  const answering = async (answers: readonly object[]) => {
    let calls = 0;
    const server = createServer((incoming, outgoing) => {
      incoming.resume();
      outgoing.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      outgoing.end(JSON.stringify(answers[Math.min(calls, answers.length - 1)]));
      calls += 1;
    });
    servers.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const bus = eventBridgeBus({ ...PLACE, clock, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    return { bus, calls: () => calls };
  };
  const REFUSED = { FailedEntryCount: 1, Entries: [{ ErrorCode: "ThrottlingException", ErrorMessage: "slow down" }] };
  const TAKEN = { FailedEntryCount: 0, Entries: [{ EventId: "1" }] };
  const said = { node: N1, reason: "caught up" };

  it("does not take a well-answered call for a published event when the entry inside was refused", async () => {
    const { bus, calls } = await answering([REFUSED]);
    await expect(bus.publish("failover.node-readmitted", said)).rejects.toThrow(/ThrottlingException: slow down/);
    expect(calls()).toBe(3);
  });

  it("publishes on a later try what was refused for the moment", async () => {
    const { bus, calls } = await answering([REFUSED, TAKEN]);
    await bus.publish("failover.node-readmitted", said);
    expect(calls()).toBe(2);
  });

  it("says BusUnavailable where nothing listens", async () => {
    const bus = eventBridgeBus({ ...PLACE, endpoint: "http://127.0.0.1:9" });
    await expect(bus.publish("failover.node-readmitted", said)).rejects.toThrow(BusUnavailable);
  });
});
