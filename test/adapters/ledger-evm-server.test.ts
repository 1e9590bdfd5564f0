/** A server that is no node, or one in trouble, ends the reading of a ledger in time and within its bytes. */
import { describe, expect, test } from "vitest";
import { evmLedger } from "../../adapters/ledger-evm.ts";
import { type Manner, startMisbehavingServer } from "../support/misbehaving-server.ts";

const expectation = () => ({ chainId: 31_337, from: 1, to: 4, firstParentHash: null, lastHash: null });

describe("a server that is no node", () => {
  const manners: Record<string, string> = {
    hangs: "silent",
    drips: "silent",
    overloaded: "silent",
    "giant-body": "malformed",
    "endless-body": "malformed",
    "half-json": "malformed",
    "wrong-id": "malformed",
    "garbage-types": "failed",
    "not-a-batch": "malformed",
    closes: "refused",
    "gzip-bomb": "malformed",
    "not-http": "malformed",
  };

  test.each(Object.entries(manners))("and %s is %s, within the time limit", async (manner, kind) => {
    const server = await startMisbehavingServer();
    const door = evmLedger({ url: server.url });
    server.behave(manner as Manner);
    const startedMs = performance.now();
    const outcome = await door.readSegment(expectation(), { timeoutMs: 400, concurrency: 3, answerBytesMax: 1024 * 1024 });
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    expect(outcome.kind).toBe(kind);
    door.close();
    await server.close();
  });

  test("and hangs is left as soon as the caller gives up", async () => {
    const server = await startMisbehavingServer();
    const door = evmLedger({ url: server.url });
    server.behave("hangs");
    const controller = new AbortController();
    const asked = door.readSegment(expectation(), { timeoutMs: 60_000, concurrency: 2, signal: controller.signal });
    controller.abort();
    expect(await asked).toMatchObject({ kind: "silent" });
    expect(await door.finalBlock({ timeoutMs: 60_000, signal: controller.signal })).toMatchObject({ kind: "silent" });
    door.close();
    await server.close();
  });
});
