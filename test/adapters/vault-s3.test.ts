/** S3's API keeps the vault's contract; and what only a store behind a network can do wrong. */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateBucketCommand, GetObjectRetentionCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3Vault } from "../../adapters/vault-s3.ts";
import { VaultUnavailable } from "../../core/kernel/errors.ts";
import { useEmulator } from "../support/emulator.ts";
import { describeVaultStore } from "./vault-store.contract.ts";

const BUCKET = "synnergy-test-vault-000000000000-us-east-1";
const aws = useEmulator();
const closers: (() => void)[] = [];
const open = (options: Partial<Parameters<typeof s3Vault>[0]> = {}) => {
  const vault = s3Vault({ bucket: BUCKET, region: "us-east-1", endpoint: aws.endpoint, ...options });
  closers.push(vault.close);
  return vault;
};

beforeAll(async () => {
  const client = new S3Client({ endpoint: aws.endpoint, region: "us-east-1", forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
  await client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: "Enabled" } }));
  client.destroy();
});
afterAll(() => closers.forEach((close) => void close()));

describeVaultStore("a vault in a bucket", async () => ({ store: open(), other: open() }));

type Turn = "pass" | "lose the answer" | "damage the answer" | "silence" | { status: number; code: string };

/** Stands before the emulator and does with each call what `turn` says. */
async function path(turn: (call: number, method: string) => Turn | Promise<Turn>): Promise<{ endpoint: string; methods: string[] }> {
  const methods: string[] = [];
  const server: Server = createServer(async (incoming, outgoing) => {
    const method = String(incoming.method);
    const turned = await turn(methods.push(method), method);
    if (typeof turned === "object") {
      incoming.resume();
      outgoing.writeHead(turned.status, { "content-type": "application/xml" });
      return outgoing.end(`<Error><Code>${turned.code}</Code><Message>so it was turned</Message></Error>`);
    }
    if (turned === "silence") return incoming.resume();
    const onward = request(aws.endpoint + incoming.url, { method, headers: incoming.headers }, (reply) => {
      if (turned === "damage the answer") {
        outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
        return reply.on("data", (part: Buffer) => void outgoing.write(part.fill("?", 0, 1))).on("end", () => outgoing.end());
      }
      if (turned === "pass") return reply.pipe(outgoing.writeHead(reply.statusCode ?? 500, reply.headers));
      reply.resume();
      return reply.on("end", () => incoming.socket.destroy());
    });
    onward.on("error", () => incoming.socket.destroy());
    return incoming.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, methods };
}

const bytes = Buffer.from("some bytes");

describe("a bucket behind a network", () => {
  it("does not mistake its own put, whose first answer was lost, for somebody else's", async () => {
    const { endpoint, methods } = await path((call) => (call === 1 ? "lose the answer" : "pass"));
    expect(await open({ endpoint }).put("lost-answer", bytes)).toEqual({ kind: "written" });
    expect(methods.filter((method) => method === "PUT")).toHaveLength(2);
  });

  it("does not mistake it either where S3 said meanwhile that a write was under way: its own", async () => {
    const { endpoint } = await path((call) =>
      call === 1 ? "lose the answer" : call === 2 ? { status: 409, code: "ConditionalRequestConflict" } : "pass",
    );
    expect(await open({ endpoint }).put("lost-and-busy", bytes)).toEqual({ kind: "written" });
  });

  it("hands on no object that was damaged on its way, whatever the host's environment says of checksums", async () => {
    process.env.AWS_RESPONSE_CHECKSUM_VALIDATION = "when_required";
    closers.push(() => void delete process.env.AWS_RESPONSE_CHECKSUM_VALIDATION);
    await open().put("damaged", bytes);
    const { endpoint } = await path(() => "damage the answer");
    await expect(open({ endpoint }).get("damaged", { bytesMax: 100 })).rejects.toThrow(/hecksum/);
  });

  it("says exists where another writer came between a put that failed and its repetition", async () => {
    const direct = open();
    const { endpoint } = await path(async (call) => {
      if (call !== 1) return "pass";
      await direct.put("overtaken", Buffer.from("theirs"));
      return { status: 503, code: "SlowDown" };
    });
    expect(await open({ endpoint }).put("overtaken", bytes)).toEqual({ kind: "exists" });
    expect(await direct.get("overtaken", { bytesMax: 10 })).toEqual({ kind: "found", bytes: Buffer.from("theirs") });
  });

  it("asks again while S3 says that another write is under way, and not for ever", async () => {
    const conflict = { status: 409, code: "ConditionalRequestConflict" };
    const twice = await path((call) => (call <= 2 ? conflict : "pass"));
    expect(await open({ endpoint: twice.endpoint }).put("conflict-twice", bytes)).toEqual({ kind: "written" });
    const always = await path(() => conflict);
    await expect(open({ endpoint: always.endpoint }).put("conflict-always", bytes)).rejects.toThrow(VaultUnavailable);
    expect(always.methods).toHaveLength(6);
  });

  it("never calls an object absent that it could not look at", async () => {
    await expect(open({ endpoint: "http://127.0.0.1:9" }).get("any", { bytesMax: 1 })).rejects.toThrow(VaultUnavailable);
    await expect(open({ bucket: "synnergy-no-such-bucket" }).get("any", { bytesMax: 1 })).rejects.toThrow(/synnergy-no-such-bucket/);
    const denied = await path(() => ({ status: 403, code: "AccessDenied" }));
    await expect(open({ endpoint: denied.endpoint }).get("any", { bytesMax: 1 })).rejects.toThrow(VaultUnavailable);
    await expect(open({ endpoint: denied.endpoint }).list("", { limit: 1 })).rejects.toThrow(VaultUnavailable);
  });

  it("gives up on a bucket that takes a call and never answers, within its limit", async () => {
    const { endpoint } = await path(() => "silence");
    const from = performance.now();
    await expect(open({ endpoint, callMs: 300 }).get("any", { bytesMax: 1 })).rejects.toThrow(/more than 300 ms/);
    expect(performance.now() - from).toBeLessThan(3_000);
  });

  it("stops for a caller that gives up meanwhile, with the caller's own reason", async () => {
    const { endpoint } = await path(() => "silence");
    const stop = new AbortController();
    const put = open({ endpoint }).put("stopped", bytes, { signal: stop.signal });
    stop.abort(new Error("the operator stopped it"));
    await expect(put).rejects.toThrow("the operator stopped it");
  });

  it("sends If-None-Match and a SHA-256 with every put", async () => {
    const seen: Record<string, unknown>[] = [];
    const server = createServer((incoming, outgoing) => {
      seen.push(incoming.headers);
      incoming.resume();
      outgoing.end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    closers.push(() => void server.close());
    await open({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }).put("headers", bytes);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ "if-none-match": "*", "x-amz-checksum-sha256": expect.stringMatching(/^[\w+/]{43}=$/) });
  });
});

describe("a lock in a bucket", () => {
  it("is extended, and never shortened", async () => {
    const client = new S3Client({ endpoint: aws.endpoint, region: "us-east-1", forcePathStyle: true });
    const store = open();
    const lockedUntil = async (): Promise<number> => {
      const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket: BUCKET, Key: "locks/one" }));
      return Retention?.RetainUntilDate?.getTime() ?? 0;
    };
    const later = Math.floor(Date.now() / 1_000) * 1_000 + 10 * 86_400_000;
    await store.put("locks/one", Buffer.from("locked"));
    await store.extendLock("locks/one", later);
    expect(await lockedUntil()).toBe(later);
    await store.extendLock("locks/one", later - 86_400_000);
    expect(await lockedUntil()).toBe(later);
    client.destroy();
  });
});
