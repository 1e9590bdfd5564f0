/** What comes in at an agent's POST /v1/work: a peer's new word is heard; anything else is refused, counted, and changes nothing. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent as HttpAgent, request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sealWord } from "../../adapters/peers-http.ts";
import { newSigningKey, publicKeyOf, seal } from "../../adapters/signature-ed25519.ts";
import type { RunningAgent } from "../../agent/start.ts";
import { CONTEXT } from "../../core/kernel/agent-protocol.ts";
import { NodeId } from "../../core/kernel/ids.ts";
import { type TradeMessage, WORK_WORD_BYTES_MAX, type WorkWord } from "../../core/kernel/work-trade.ts";
import { agentRig, FLEET, NODE, type Rig } from "../support/agent-rig.ts";

const PEER = NodeId.parse("n2");
const OTHER = NodeId.parse("n3");
const key = newSigningKey();
const NOTHING = { stranger: 0, forged: 0, misdirected: 0, replayed: 0, expired: 0 };

let rig: Rig;
let agent: RunningAgent;
let number: number;

async function startWith(work: Record<string, unknown> | undefined): Promise<void> {
  const peer = { id: PEER, rpc: "http://127.0.0.1:9", agent: "http://127.0.0.1:9", agentKey: publicKeyOf(key) };
  rig = await agentRig({ peers: [peer, { id: OTHER, rpc: "http://127.0.0.1:9" }], ...(work === undefined ? {} : { work }) });
  agent = await rig.start();
}
beforeEach(async () => {
  number = 0;
  await startWith({ capacityUnits: 100, roundSeconds: 60 });
});
afterEach(() => rig.end());

const nowMs = (): number => Math.trunc(rig.clock.wallMs());
const report = (changes: object = {}): WorkWord => ({
  kind: "report",
  fleet: FLEET,
  from: PEER,
  to: NODE,
  report: { node: PEER, atMs: nowMs(), capacityUnits: 100, loadUnits: 50, itemCount: 5, smallestUnits: 10, isEngaged: false },
  ...changes,
});
function trade(changes: Partial<TradeMessage> = {}, word: object = {}): WorkWord {
  number += 1;
  const head = { from: PEER, to: NODE, epoch: 7, number, expiresAtMs: nowMs() + 8_000 };
  const message = {
    kind: "transfer",
    ...head,
    sequence: number,
    items: [{ id: "w1", units: 10, version: 2 }],
    giver: { capacityUnits: 100, loadUnits: 50 },
  };
  return { kind: "trade", fleet: FLEET, from: PEER, to: NODE, message: { ...message, ...changes } as TradeMessage, ...word };
}

function post(body: string, options: { localAddress?: string; agent?: HttpAgent } = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const at = { port: agent.commandPort, host: "127.0.0.1", path: "/v1/work", method: "POST", ...options };
    const sent = request(at, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject).end(body);
  });
}
const say = (word: WorkWord, by = key): Promise<number> => post(JSON.stringify(sealWord(word, by)));
const view = async () => (await rig.control.report()).work;

test("a peer's word is heard: work that it hands over is taken, and told in the signed report", async () => {
  expect(await say(report())).toBe(200);
  expect(await say(trade())).toBe(200);
  expect(await view()).toEqual({ capacityUnits: 100, loadUnits: 10, items: 1, trades: 1, refused: NOTHING });
});

describe("refused, counted, and without effect", () => {
  test.each<[keyof typeof NOTHING, string, () => Promise<number>]>([
    ["stranger", "a word of a node that is no peer", () => say(report({ from: "n9" }), newSigningKey())],
    ["stranger", "a word of a node whose agent is not named", () => say(report({ from: OTHER }), key)],
    ["forged", "a word that somebody else has signed", () => say(trade(), newSigningKey())],
    [
      "forged",
      "a report that one peer signs for another node",
      () => say(report({ report: { ...(report() as { report: object }).report, node: OTHER } })),
    ],
    ["forged", "a word that was signed for another purpose", () => post(JSON.stringify(seal(CONTEXT.reply, trade(), key)))],
    ["misdirected", "a word for another node", () => say(trade({ to: OTHER }, { to: OTHER }))],
    ["misdirected", "a message for another node in a word for this one", () => say(trade({ to: OTHER }))],
    ["misdirected", "a word of another fleet", () => say(trade({}, { fleet: "mainnet" }))],
    ["expired", "a message that has expired", () => say(trade({ expiresAtMs: nowMs() - 10_000 }))],
    ["expired", "a message that would live too long", () => say(trade({ expiresAtMs: nowMs() + 3_600_000 }))],
    ["expired", "a report of long ago", () => say(report({ report: { ...(report() as { report: object }).report, atMs: nowMs() - 600_000 } }))],
  ])("%s: %s", async (kind, _what, send) => {
    expect(await send()).toBe(403);
    expect(await view()).toMatchObject({ loadUnits: 0, items: 0, trades: 0, refused: { ...NOTHING, [kind]: 1 } });
  });

  test("replayed: a message and a report that were recorded, byte for byte", async () => {
    const [first, second] = [JSON.stringify(sealWord(report(), key)), JSON.stringify(sealWord(trade(), key))];
    expect([await post(first), await post(second)]).toEqual([200, 200]);
    expect([await post(first), await post(second)]).toEqual([403, 403]);
    expect(await view()).toMatchObject({ items: 1, trades: 1, refused: { ...NOTHING, replayed: 2 } });
  });

  test("a word of a form that nobody here knows", async () => {
    const odd = { ...report(), kind: "gossip" } as unknown as WorkWord;
    expect([await post("{}"), await post("no JSON"), await say(odd)]).toEqual([400, 400, 400]);
    expect(await post(`"${"x".repeat(WORK_WORD_BYTES_MAX)}"`)).toBe(413);
  });
});

describe("a flood", () => {
  /** So that no bucket fills again while it is under way. */
  const holdTime = (): void => {
    const [atMs, wallMs] = [rig.clock.monotonicMs(), rig.clock.wallMs()];
    rig.clock.monotonicMs = () => atMs;
    rig.clock.wallMs = () => wallMs;
  };

  test("of a peer's own words ends at that peer's limit", async () => {
    holdTime();
    const words = Array.from({ length: 40 }, () => JSON.stringify(sealWord(trade(), key)));
    const statuses: number[] = [];
    for (const word of words) statuses.push(await post(word));
    expect(statuses.filter((status) => status === 200)).toHaveLength(30);
    expect(statuses.slice(30)).toEqual(Array(10).fill(429));
  });

  test("of recorded words does not use up what the peer may say", async () => {
    holdTime();
    const recorded = JSON.stringify(sealWord(trade(), key));
    await post(recorded);
    for (let count = 0; count < 40; count += 1) expect(await post(recorded)).toBe(403);
    expect(await say(trade())).toBe(200);
  });

  test("at this path leaves the commands theirs, even from the same address", async () => {
    holdTime();
    const sockets = new HttpAgent({ maxSockets: 16 });
    const statuses = await Promise.all(Array.from({ length: 900 }, () => post("", { agent: sockets, localAddress: "127.0.0.1" })));
    sockets.destroy();
    expect(new Set(statuses)).toEqual(new Set([400, 429]));
    expect((await rig.control.report()).boot).toBeDefined();
  });
});

describe("no work is traded", () => {
  test("by an agent that was not told to: the path is not there, and its report says null", async () => {
    await rig.end();
    await startWith(undefined);
    expect(await say(report())).toBe(404);
    expect(await view()).toBeNull();
  });

  test.each<[string, RegExp, (desk: string, before: string) => void]>([
    ["a desk that somebody has edited", /is torn/, (desk) => writeFileSync(desk, "torn")],
    ["an older copy of the desk", /is an older copy/, (desk, before) => writeFileSync(desk, before)],
    ["a desk of which nobody knows whether it is the last", /\.traded is gone/, () => rmSync(`${rig.config.key.file}.traded`)],
  ])("on %s: the agent obeys commands, hears no word, and its report says null", async (_what, reason, spoil) => {
    const desk = join(rig.config.store, "work-desk.json");
    const before = readFileSync(desk, "utf8");
    expect(await say(trade())).toBe(200);
    await rig.stop(agent);
    spoil(desk, before);
    agent = await rig.start();
    expect(await say(trade())).toBe(503);
    expect(await view()).toBeNull();
    expect(rig.world.lines).toContainEqual(expect.objectContaining({ kind: "work-shut", reason: expect.stringMatching(reason) }));
  });
});
