/** What a channel answers where nothing is asked any more. */
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { type Channel, httpChannel } from "../../adapters/http-channel.ts";

const LIMITS = { timeoutMs: 1_000, bytesMax: 1_000, repeatable: false };
let channel: Channel;
afterEach(() => channel.close());

test("a caller that had given up before it asked is told so, and no error goes astray", async () => {
  const server = createServer((_request, response) => response.end("{}")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  channel = httpChannel(new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`));
  // The first exchange leaves an idle connection, which the second would use.
  expect(await channel.post("{}", LIMITS)).toMatchObject({ kind: "answered" });
  expect(await channel.post("{}", { ...LIMITS, signal: AbortSignal.abort() })).toEqual({ kind: "unreachable", reason: "the caller gave up" });
  const closed = once(server, "close");
  server.close();
  channel.close();
  await closed;
});
