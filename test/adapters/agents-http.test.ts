/** Whatever answers in an agent's place, and however, the control plane gets a value in time and believes nothing unsigned. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../adapters/clock-system.ts";
import { newSigningKey, publicKeyOf, seal } from "../../adapters/signature-ed25519.ts";
import { CONTEXT } from "../../core/kernel/agent-protocol.ts";
import { controlPlane } from "../support/agent-rig.ts";
import { selfSigned } from "../support/self-signed.ts";

const agentKey = newSigningKey();
const control = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function serve(listener: RequestListener, server: Server = createServer(listener)): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function plane(url: string, tlsSha256?: string) {
  const made = controlPlane({
    url,
    agentKey: publicKeyOf(agentKey),
    clock: systemClock(),
    privateKey: control.privateKey,
    ...(tlsSha256 === undefined ? {} : { tlsSha256 }),
  });
  ends.push(() => made.close());
  return made;
}
const ask = (port: number, timeoutMs = 300) =>
  plane(`http://127.0.0.1:${port}`).call({ kind: "checkpoint", role: "validator" as never }, undefined, timeoutMs);

/** An agent's answer to whatever was asked, with anything in it replaced. */
const honest =
  (change: (reply: Record<string, unknown>) => unknown, key = agentKey): RequestListener =>
  (request, response) => {
    let text = "";
    request.on("data", (part: Buffer) => {
      text += part.toString();
    });
    request.on("end", () => {
      const { fleet, node, challenge } = JSON.parse(Buffer.from(JSON.parse(text).payload, "base64url").toString());
      const reply = { kind: "checkpoint", fleet, node, challenge, boot: { bootId: "12345678", storeCounter: 1 }, checkpoint: null };
      response.end(JSON.stringify(seal(CONTEXT.reply, change(reply), key)));
    });
  };

describe("an answer is believed", () => {
  test("when the fleet file's key signed it, for this challenge, node, fleet and question", async () => {
    expect(await ask(await serve(honest((reply) => reply)))).toMatchObject({ kind: "answered", reply: { kind: "checkpoint" } });
  });

  test.each([
    ["another challenge", { challenge: "A".repeat(22) }],
    ["another node", { node: "n9" }],
    ["another fleet", { fleet: "mainnet" }],
    ["another question", { kind: "promoted", role: "validator", epoch: 1 }],
    ["an unknown kind", { kind: "sure" }],
  ])("never when it is for %s", async (_what, change) => {
    expect(await ask(await serve(honest((reply) => ({ ...reply, ...change }))))).toMatchObject({ kind: "untrusted" });
  });

  test("never when another key signed it", async () => {
    expect(await ask(await serve(honest((reply) => reply, newSigningKey())))).toMatchObject({ kind: "untrusted" });
  });
});

describe("a misbehaving server", () => {
  test.each<[string, RequestListener, "untrusted" | "unreachable"]>([
    ["says nothing", () => {}, "unreachable"],
    ["drips", (_, response) => void setInterval(() => response.write(" "), 20).unref(), "unreachable"],
    ["talks without end", (_, response) => response.end("x".repeat(2_000_000)), "untrusted"],
    ["redirects", (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), "untrusted"],
    ["sends half of it", (_, response) => void response.writeHead(200, { "content-length": 100 }).write("{"), "unreachable"],
    ["sends no JSON", (_, response) => response.end("<html>"), "untrusted"],
    ["hangs up", (request) => request.socket.destroy(), "unreachable"],
    ["is overloaded", (_, response) => response.writeHead(429).end(), "unreachable"],
    ["is not an agent", (_, response) => response.writeHead(404).end(), "untrusted"],
  ])("that %s is a value within the time limit", async (_what, listener, kind) => {
    const startedMs = performance.now();
    expect(await ask(await serve(listener))).toMatchObject({ kind, reason: expect.stringMatching(/\w/) });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
  });

  test("that is not there is unreachable", async () => {
    const port = await serve(() => {});
    ends.splice(0).forEach((end) => {
      end();
    });
    expect(await ask(port)).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("ECONNREFUSED") });
  });

  test("that hangs delays no call to another agent", async () => {
    const hung = await serve(() => {});
    const good = await serve(honest((reply) => reply));
    const hanging = Array.from({ length: 30 }, () => ask(hung, 1_000));
    const answer = await ask(good);
    expect(answer).toMatchObject({ kind: "answered" });
    if (answer.kind === "answered") expect(answer.roundTripMs).toBeLessThan(500);
    expect((await Promise.all(hanging)).every(({ kind }) => kind === "unreachable")).toBe(true);
  });

  test("that closed an idle connection is asked again over a new one, for what changes nothing", async () => {
    const server = createServer(
      { keepAliveTimeout: 0 },
      honest((reply) => reply),
    );
    let connections = 0;
    server.on("connection", () => {
      connections += 1;
    });
    const port = await serve(() => {}, server);
    const { call } = plane(`http://127.0.0.1:${port}`);
    expect(await call({ kind: "checkpoint", role: "validator" as never })).toMatchObject({ kind: "answered" });
    server.closeAllConnections();
    expect(await call({ kind: "checkpoint", role: "validator" as never })).toMatchObject({ kind: "answered" });
    expect(connections).toBe(2);
  });
});

describe("over TLS", () => {
  const { key, cert, sha256: fingerprint } = selfSigned("agent");

  test("the pinned certificate is accepted without an authority, and any other is refused before a byte is sent", async () => {
    let requests = 0;
    const listener: RequestListener = (request, response) => {
      requests += 1;
      honest((reply) => reply)(request, response);
    };
    const port = await serve(listener, createTlsServer({ key, cert }, listener) as unknown as Server);
    const url = `https://127.0.0.1:${port}`;
    expect(await plane(url, fingerprint).call({ kind: "checkpoint", role: "validator" as never })).toMatchObject({ kind: "answered" });
    expect(await plane(url, "0".repeat(64)).call({ kind: "checkpoint", role: "validator" as never })).toMatchObject({
      kind: "untrusted",
      reason: expect.stringContaining("pinned"),
    });
    expect(await plane(url).call({ kind: "checkpoint", role: "validator" as never }), "self-signed and not pinned").toMatchObject({
      kind: "unreachable",
    });
    expect(requests).toBe(1);
  });

  test("a server that never finishes the handshake is unreachable in time", async () => {
    const server = createTcpServer(() => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    ends.push(() => server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(
      await plane(`https://127.0.0.1:${port}`, fingerprint).call({ kind: "checkpoint", role: "validator" as never }, undefined, 300),
    ).toMatchObject({ kind: "unreachable" });
  });
});
