/** A webhook keeps capacity's contract, over real HTTP before memory; and what a stranger between the two can and cannot do. */
import { generateKeyPairSync } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { localAuthority } from "../../adapters/authority-kms.ts";
import { memoryCapacity } from "../../adapters/capacity-memory.ts";
import { capacityReceiver } from "../../adapters/capacity-receiver.ts";
import { webhookCapacity } from "../../adapters/capacity-webhook.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { newSigningKey, publicKeyOf } from "../../adapters/signature-ed25519.ts";
import { openCapacityDoor } from "../../localstack/network/capacity-door.ts";
import { settableClock } from "../support/settable-clock.ts";
import { describeCapacity, lookAt, orderAt } from "./capacity.contract.ts";

const closers: (() => unknown)[] = [];
afterAll(() => Promise.all(closers.map((close) => close())));
const clock = settableClock();
const control = generateKeyPairSync("ec", { namedCurve: "P-256" });
const entropy = systemEntropy();
const GROUP = { min: 1, max: 6, desired: 3 };

type Changes = {
  group?: string;
  fleet?: string;
  receiverKey?: ReturnType<typeof newSigningKey>;
  controlKey?: typeof control.privateKey;
  url?: string;
};

async function opened(group = GROUP) {
  const capacity = memoryCapacity({ name: "memory", ...group, clock });
  const key = newSigningKey();
  const parts = { fleet: "rehearsal", group: "rpc", controlKeys: [control.publicKey], key, capacity, clock, entropy };
  let receive = capacityReceiver(parts);
  const bodies: string[] = [];
  /** What happens before each request is received, in turn. */
  const meanwhile: (() => void)[] = [];
  const door = await openCapacityDoor({
    port: 0,
    receive: (body) => {
      bodies.push(body);
      meanwhile.shift()?.();
      return receive(body);
    },
  });
  closers.push(door.close);
  const client = (changes: Changes = {}) => {
    const fleet = changes.fleet ?? "rehearsal";
    const webhook = webhookCapacity({
      fleet,
      group: changes.group ?? "rpc",
      url: changes.url ?? door.url,
      key: publicKeyOf(changes.receiverKey ?? key),
      authority: localAuthority({ fleet, clock, privateKey: changes.controlKey ?? control.privateKey }),
      entropy,
      timeoutMs: 2_000,
    });
    closers.push(webhook.close);
    return webhook;
  };
  const send = async (body: string): Promise<string> => (await fetch(door.url, { method: "POST", body })).text();
  const restart = (): void => {
    receive = capacityReceiver(parts);
  };
  return { capacity, client, bodies, meanwhile, send, restart, url: door.url, order: () => orderAt(clock.wallMs()) };
}

describeCapacity("capacity behind a webhook", async (group) => {
  const { client } = await opened(group);
  return { capacity: client(), other: client(), settle: async () => {}, nowMs: clock.wallMs };
});

describe("a webhook's receiver", () => {
  test("does nothing by a request that was recorded, neither at once nor after its restart", async () => {
    const { client, bodies, send, capacity, restart, order } = await opened();
    expect((await client().raise({ from: 3, to: 4 }, order())).kind).toBe("done");
    const recorded = bodies.at(-1) ?? "";
    await client().remove("unit-0", order());
    for (const again of [() => {}, restart]) {
      again();
      const { payload } = JSON.parse(await send(recorded)) as { payload: string };
      expect(JSON.parse(Buffer.from(payload, "base64url").toString()).answer).toMatchObject({ kind: "denied", code: "replayed" });
    }
    expect((await lookAt(capacity)).desired).toBe(3);
  });

  test("does nothing by a nonce that is two minutes old, or that was given before its restart", async () => {
    const { client, meanwhile, order, capacity, restart } = await opened();
    const later = (ms: number) => () => clock.set(clock.wallMs() + ms);
    meanwhile.push(() => {}, later(120_000));
    expect((await client().raise({ from: 3, to: 4 }, orderAt(clock.wallMs() + 120_000))).kind).toBe("done");
    meanwhile.push(() => {}, later(120_001));
    expect((await client().raise({ from: 4, to: 5 }, orderAt(clock.wallMs() + 120_000))).kind).toBe("unreachable");
    meanwhile.push(() => {}, restart);
    expect((await client().raise({ from: 4, to: 5 }, order())).kind).toBe("unreachable");
    expect((await lookAt(capacity)).desired).toBe(4);
  });

  test.each<[string, Changes]>([
    ["another control plane", { controlKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }],
    ["another group", { group: "archive" }],
    ["another fleet", { fleet: "testnet" }],
  ])("refuses the order of %s and starts nothing", async (_, changes) => {
    const { client, capacity, order } = await opened();
    const before = await lookAt(capacity);
    expect((await client(changes).raise({ from: 3, to: 4 }, order())).kind).toMatch(/refused|unreachable/);
    expect(await lookAt(capacity)).toEqual(before);
  });

  test("answers no stranger's bytes with a signature", async () => {
    const { send, url } = await opened();
    for (const body of ["", "[]", "{}", '{"payload":1}', "\u0000"]) expect(await send(body)).toBe("");
    expect((await fetch(url)).status).toBe(400);
    expect((await fetch(url, { method: "POST", body: "x".repeat(300_000) })).status).toBe(400);
  });

  test("denies a request of which a byte was changed", async () => {
    const { bodies, client, send, capacity, order } = await opened();
    await client().look();
    await client().raise({ from: 3, to: 4 }, order());
    const raise = JSON.parse(bodies.at(-1) ?? "") as { payload: string };
    const text = Buffer.from(raise.payload, "base64url").toString().replace('"to":4', '"to":6');
    const reply = await send(JSON.stringify({ ...raise, payload: Buffer.from(text).toString("base64url") }));
    expect(Buffer.from(JSON.parse(reply).payload, "base64url").toString()).toContain('"forged"');
    expect((await lookAt(capacity)).desired).toBe(4);
  });
});

describe("a webhook that is not what it should be", () => {
  const stranger = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    closers.push(() => server.close().closeAllConnections());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };

  test("is believed nothing: an answer under another key, and a recorded one, leave everything unknown", async () => {
    const { client, order } = await opened();
    expect((await client({ receiverKey: newSigningKey() }).raise({ from: 3, to: 4 }, order())).kind).toBe("unreachable");
    const { client: recorder, url } = await opened();
    let recorded = "";
    const proxy = await stranger(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      if (recorded === "") recorded = await (await fetch(url, { method: "POST", body: Buffer.concat(parts).toString() })).text();
      response.end(recorded);
    });
    const capacity = recorder({ url: proxy });
    expect((await capacity.look()).kind).toBe("seen");
    expect(await capacity.look()).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("another challenge") });
  });

  test("is unreachable, and never thrown over, when it is silent, gone, redirecting, endless or talking nonsense", async () => {
    const { client, order } = await opened();
    const answers: RequestListener[] = [
      (_request, _response) => {},
      (_request, response) => void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
      (_request, response) => void response.end("x".repeat(1_000_000)),
      (_request, response) => void response.end("<html>"),
      (_request, response) => void response.writeHead(503).end(),
    ];
    const urls = ["http://127.0.0.1:9/", ...(await Promise.all(answers.map(stranger)))];
    const outcomes = await Promise.all(urls.map((url) => client({ url }).remove("unit-0", order())));
    expect(outcomes.map(({ kind }) => kind)).toEqual(urls.map(() => "unreachable"));
  });
});
