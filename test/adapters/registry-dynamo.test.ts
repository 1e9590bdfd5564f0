/** DynamoDB's API keeps the registry's contract; and what only a store behind a network can do wrong. */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamoRegistry } from "../../adapters/registry-dynamo.ts";
import { RegistryUnavailable } from "../../core/kernel/errors.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { createTables, useEmulator } from "../support/emulator.ts";
import { standingOf, windowOf } from "../support/record-samples.ts";
import { settableClock } from "../support/settable-clock.ts";
import { describeRegistry, type RegistryUnderTest } from "./registry.contract.ts";
import { describeRegistryLimits } from "./registry-limits.contract.ts";

const TABLES = { registryTable: "synnergy-rehearsal-registry", vitalsTable: "synnergy-rehearsal-vitals" };
const PLACE = { fleet: "rehearsal", ...TABLES, registryRegion: "us-east-1", region: "us-east-1" };
const aws = useEmulator();
const opened: { close(): void }[] = [];
const open = (options: Partial<Parameters<typeof dynamoRegistry>[0]> = {}): Registry => {
  const registry = dynamoRegistry({ ...PLACE, endpoint: aws.endpoint, ...options });
  opened.push(registry);
  return registry;
};

beforeAll(() => createTables(aws.endpoint, Object.values(TABLES)));
afterAll(() => opened.forEach((registry) => void registry.close()));

async function underTest(): Promise<RegistryUnderTest> {
  const clock = settableClock();
  const client = new DynamoDBClient({ endpoint: aws.endpoint, region: "us-east-1" });
  return {
    registry: open({ clock }),
    other: open({ clock }),
    clock,
    corrupt: async (kind, key) => {
      const Item = { pk: { S: `rehearsal#${kind}` }, sk: { S: key }, revision: { N: "1" }, body: { M: { node: { S: "n1" } } } };
      await client.send(new PutItemCommand({ TableName: TABLES.registryTable, Item }));
    },
  };
}

describeRegistry("the registry in DynamoDB", underTest);
describeRegistryLimits("limits of the registry in DynamoDB", underTest);

/** Forwards to the emulator and may lose what comes back: the write is done and nobody hears of it. */
async function lossyPath(loses: (call: number) => boolean | Promise<boolean>): Promise<{ endpoint: string; calls: string[]; server: Server }> {
  const calls: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const call = calls.push(String(incoming.headers["x-amz-target"]));
    const onward = request(aws.endpoint + incoming.url, { method: incoming.method, headers: incoming.headers }, async (reply) => {
      if (await loses(call)) {
        reply.resume();
        reply.on("end", () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(outgoing);
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, server };
}

describe("a registry behind a network", () => {
  const servers: Server[] = [];
  const path = async (loses: Parameters<typeof lossyPath>[0]) => {
    const made = await lossyPath(loses);
    servers.push(made.server);
    return made;
  };
  afterAll(() => servers.forEach((server) => void server.close()));

  it("does not mistake its own repeated write, whose first answer was lost, for somebody else's", async () => {
    const { endpoint, calls } = await path((call) => call === 1);
    const written = await open({ endpoint }).write("standing", "lost-answer", standingOf("mine"), "absent");
    expect(calls.length).toBeGreaterThan(1);
    expect(written.kind).toBe("written");
    expect(await open().read("standing", "lost-answer")).toMatchObject({ revision: written.kind === "written" ? written.revision : null });
  });

  it("says conflict where another writer came between a lost write and its repetition", async () => {
    const direct = open();
    const { endpoint } = await path(async (call) => {
      if (call === 1) await direct.write("standing", "overtaken", standingOf("theirs"), "any");
      return call === 1;
    });
    const mine = open({ endpoint }).write("standing", "overtaken", standingOf("mine"), "absent");
    await expect(mine).resolves.toEqual({ kind: "conflict" });
    expect(await direct.read("standing", "overtaken")).toMatchObject({ value: { reason: "theirs" } });
  });

  it("never calls a cell absent that it could not look at", async () => {
    await expect(open({ endpoint: "http://127.0.0.1:9" }).read("standing", "n1")).rejects.toThrow(RegistryUnavailable);
    await expect(open({ registryTable: "no-such-table" }).read("standing", "n1")).rejects.toThrow(/no-such-table/);
    const { endpoint } = await path(() => true);
    await expect(open({ endpoint }).list("standing", { limit: 1 })).rejects.toThrow(RegistryUnavailable);
  });

  it("gives up on a store that accepts and never answers", async () => {
    const silent = createServer(() => {});
    servers.push(silent);
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    const { port } = silent.address() as AddressInfo;
    await expect(open({ endpoint: `http://127.0.0.1:${port}` }).read("standing", "n1")).rejects.toThrow(RegistryUnavailable);
    silent.closeAllConnections();
  });

  it("stores a body as a map that people can read in the console, and an expiry that DynamoDB understands", async () => {
    const clock = settableClock(1_700_000_000_000);
    await open({ clock }).write("window", "us-east-1/n1", windowOf({ count: 3 }), "any");
    const client = new DynamoDBClient({ endpoint: aws.endpoint, region: "us-east-1" });
    const { Item } = await client.send(
      new GetItemCommand({ TableName: TABLES.vitalsTable, Key: { pk: { S: "rehearsal#window" }, sk: { S: "us-east-1/n1" } } }),
    );
    expect(Item?.body?.M?.state?.M?.count).toEqual({ N: "3" });
    expect(Item?.expiresAtS).toEqual({ N: String(1_700_000_000 + 86_400) });
  });
});
