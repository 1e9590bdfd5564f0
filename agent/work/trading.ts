/**
 * Trading as a part of the agent: the desk from the store, the trader, the door, and the rounds. Rounds begin at whole multiples of
 * their length on the wall clock, so that everybody's reports are there when, a quarter of a round later, everybody looks for a partner. Clocks
 * that differ cost rounds and nothing else. Whatever goes wrong here ends trading, never the agent.
 */
import type { KeyObject } from "node:crypto";
import { httpPeers, type Peer } from "../../adapters/peers-http.ts";
import type { Clock, Log } from "../../core/kernel/ports.ts";
import type { WorkView, WorkWord } from "../../core/kernel/work-trade.ts";
import type { AgentConfig } from "../config.ts";
import { hookEnvironment, runCommand } from "../hooks.ts";
import type { Answered } from "../http-server.ts";
import { openTrader, type Served } from "./trader.ts";
import { rulesFor } from "./work-config.ts";
import { workDoor } from "./work-door.ts";
import { readItems } from "./work-items.ts";
import { openWork } from "./work-store.ts";

/** Reports under way at a time; each takes a few milliseconds where all is well. */
const SENDING_MAX = 32;
const SEND_MS_MAX = 2_000;
const CLOSE_MS = 1_000;

export type Trading = {
  answer(body: unknown, vouch: () => void): Promise<Answered>;
  /** Until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Null where nothing is traded. */
  view(): WorkView | null;
  close(): Promise<void>;
};
type Options = { config: AgentConfig; privateKey: KeyObject; clock: Clock; log: Log; shutReason: string | null };

const NOT_NOW: Answered = { status: 503, body: { error: "no work is traded here now" } };
/** For an agent that is not told to trade, and for one whose desk cannot be trusted. */
const nothingTraded: Trading = { answer: async () => NOT_NOW, run: async () => {}, view: () => null, close: async () => {} };

export function peersOf({ peers }: Pick<AgentConfig, "peers">): Peer[] {
  return peers.flatMap(({ id, agent, agentKey, agentTlsSha256 }) =>
    agent === undefined || agentKey === undefined ? [] : [{ id, agent, agentKey, agentTlsSha256 }],
  );
}

export function openTrading({ config, privateKey, clock, log, shutReason }: Options): Trading {
  const { work, fleet, node, store, key } = config;
  if (work === undefined) return nothingTraded;
  const shut = (reason: string): Trading => {
    log.decision({ module: "agent", subject: node, kind: "work-shut", reason });
    return nothingTraded;
  };
  if (shutReason !== null) return shut(shutReason);
  const desk = { folder: store, keyFile: key.file, privateKey, node, capacityUnits: work.capacityUnits, nowMs: clock.wallMs() };
  const opened = tryOpen(() => openWork(desk));
  if (opened.kind === "damaged") return shut(opened.reason);

  const rules = rulesFor(work);
  const roundMs = work.roundSeconds * 1_000;
  const peers = peersOf(config);
  const channel = httpPeers({ peers, privateKey });
  const ended = new AbortController();
  const send = async (word: WorkWord, timeoutMs: number): Promise<void> => {
    await channel.send(word, { timeoutMs, signal: ended.signal });
  };
  const trader = openTrader({
    opened,
    serve: (items) => serveBy({ config, log }, items),
    send: (message) => void send({ kind: "trade", fleet, from: node, to: message.to, message }, Math.min(SEND_MS_MAX, roundMs)),
    readItems: () => (work.items === undefined ? null : readItems(work.items)),
    surroundings: { rules, members: new Set([node, ...peers.map(({ id }) => id)]) },
    clock,
    log,
  });
  const door = workDoor({ fleet, self: node, peers, rules, trader, clock, log });
  let hasBegun = false;

  /** In a ring that begins behind this node, so that not all speak to the same one at once. */
  const ring = [...peers.filter(({ id }) => id > node), ...peers.filter(({ id }) => id < node)].map(({ id }) => id);
  async function reportToAll(report: Parameters<typeof trader.endRound>[0], untilMs: number): Promise<void> {
    const left = [...ring];
    const speak = async (): Promise<void> => {
      for (let to = left.shift(); to !== undefined; to = left.shift()) {
        const timeoutMs = Math.min(SEND_MS_MAX, untilMs - clock.monotonicMs());
        if (timeoutMs <= 0 || ended.signal.aborted) return;
        await send({ kind: "report", fleet, from: node, to, report }, timeoutMs);
      }
    };
    await Promise.all(Array.from({ length: Math.min(SENDING_MAX, left.length) }, speak));
  }

  async function round(signal: AbortSignal): Promise<void> {
    await clock.sleep(roundMs - (clock.wallMs() % roundMs), signal);
    if (signal.aborted) return;
    const beganMs = clock.monotonicMs();
    const report = await trader.beginRound();
    if (report === null) return;
    void reportToAll(report, beganMs + roundMs);
    await clock.sleep(roundMs / 4 - (clock.monotonicMs() - beganMs), signal);
    if (!signal.aborted) await trader.endRound(report, door.reports());
  }

  return {
    answer: async (body, vouch) => (hasBegun && trader.shutReason() === null ? await door.answer(body, vouch) : NOT_NOW),
    async run(signal) {
      const begun = await trader.begin();
      hasBegun = begun !== "shut";
      while (!signal.aborted && trader.shutReason() === null) {
        await round(signal).catch((error: unknown) =>
          log.warn("a round of trading met a fault of ours", { error: error instanceof Error ? (error.stack ?? "") : String(error) }),
        );
      }
    },
    view: () => (trader.shutReason() === null ? { ...trader.view(), refused: door.refused() } : null),
    async close() {
      ended.abort();
      await Promise.race([trader.settled(), clock.sleep(CLOSE_MS)]);
      channel.close();
    },
  };
}

/** A disk that cannot be written is the same as a desk that cannot be read. */
function tryOpen(open: () => ReturnType<typeof openWork>): ReturnType<typeof openWork> {
  try {
    return open();
  } catch (error) {
    return { kind: "damaged", reason: `the desk cannot be opened: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function serveBy({ config, log }: Pick<Options, "config" | "log">, items: readonly Served[]): Promise<boolean> {
  const hook = config.work?.changed;
  if (hook === undefined) return true;
  const run = await runCommand(hook, { ...hookEnvironment("changed", config), SYNNERGY_WORK: JSON.stringify(items) });
  if (run.kind === "failed") log.warn("the hook work.changed failed; it is run again in the next round", { reason: run.reason });
  return run.kind === "done";
}
