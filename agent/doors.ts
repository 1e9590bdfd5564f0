/**
 * The agent's two doors: commands for the control plane, with the peers' words on a path of their own, and the validator's question on loopback. They are opened before
 * anything is behind them, since a port that is taken must end the start; until then both answer that the agent is starting.
 */
import { readFileSync } from "node:fs";
import type { Clock, Log } from "../core/kernel/ports.ts";
import { CALL_BYTES_MAX } from "../core/kernel/settings.ts";
import { WORK_WORD_BYTES_MAX } from "../core/kernel/work-trade.ts";
import { admission, everyone } from "./admission.ts";
import type { AgentConfig } from "./config.ts";
import type { commandDispatcher } from "./dispatch.ts";
import { type Answered, listen, type Route, type ServerOptions } from "./http-server.ts";
import type { signingDesk } from "./signing.ts";
import type { Trading } from "./work/trading.ts";

/**
 * Verifying a stranger's signature costs 0.2 ms: all strangers together take a tenth of a core, one of them a fifth of that.
 * The control plane sends some ten commands a second, from a few addresses, over 8 connections a process at most.
 */
const COMMANDS = { sender: { perSecond: 100, burst: 200 }, strangers: { perSecond: 500, burst: 500 } };
const COMMAND_CONNECTIONS_MAX = 128;
/** A quarter is kept for senders that are known. */
const CONNECTIONS = { sender: 32, strangers: 96 };
/** 499 peers say some hundred words a second, all of them perhaps behind one address. What they use up is not the commands'. */
const WORDS = { sender: { perSecond: 200, burst: 600 }, strangers: { perSecond: 250, burst: 600 } };
/** One validator, and a second while it restarts. */
const SIGN_CONNECTIONS_MAX = 16;
const SIGN_BYTES_MAX = 1_024;
type Inside = { dispatcher: ReturnType<typeof commandDispatcher>; desk: ReturnType<typeof signingDesk>; trading: Trading };
const STARTING: Answered = { status: 503, body: { error: "the agent is starting" } };

export async function openDoors(config: AgentConfig, { clock, log }: { clock: Clock; log: Log }) {
  let inside: Inside | undefined;
  const senders = admission({ requests: COMMANDS, connections: CONNECTIONS }, () => clock.monotonicMs());
  const peers = admission({ requests: WORDS, connections: CONNECTIONS }, () => clock.monotonicMs());
  const workRoute: Route = {
    path: "/v1/work",
    bodyBytesMax: WORK_WORD_BYTES_MAX,
    admission: peers,
    isOneShot: true,
    answer: async (body, address) => (await inside?.trading.answer(body, () => peers.vouch(address))) ?? STARTING,
  };
  const tls = config.listen.tls && { certificate: readFileSync(config.listen.tls.certificateFile), key: readFileSync(config.listen.tls.keyFile) };
  const commandDoor: ServerOptions = {
    path: "/v1/command",
    bodyBytesMax: CALL_BYTES_MAX,
    connectionsMax: COMMAND_CONNECTIONS_MAX,
    admission: senders,
    async answer(body, address) {
      const dispatched = await inside?.dispatcher.dispatch(body, () => senders.vouch(address));
      if (dispatched === undefined) return STARTING;
      return dispatched.kind === "reply" ? { status: 200, body: dispatched.reply } : { status: 400, body: { error: dispatched.reason } };
    },
    log,
    others: config.work === undefined ? [] : [workRoute],
    ...(tls === undefined ? {} : { tls }),
  };
  const signDoor: ServerOptions = {
    path: "/v1/sign",
    bodyBytesMax: SIGN_BYTES_MAX,
    connectionsMax: SIGN_CONNECTIONS_MAX,
    admission: everyone,
    answer: async (body) => (await inside?.desk(body)) ?? STARTING,
    log,
  };
  const commands = await listen(commandDoor, config.listen);
  const signing = await listen(signDoor, config.sign).catch(async (error: unknown) => {
    await commands.close();
    throw error;
  });
  const serve = (found: Inside): void => {
    inside = found;
  };
  return { commands, signing, serve };
}
