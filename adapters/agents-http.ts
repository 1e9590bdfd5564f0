/**
 * Speaks to agents over `POST /v1/command`: signs the command, verifies that the reply is signed by the very agent that the
 * fleet file names and answers this very challenge. Each agent has connections of its own, so that one that hangs delays
 * nobody else; time (the whole reply, a slow drip included) and bytes are bounded; redirects are not followed.
 */
import { CONTEXT, type CommandEnvelope, Reply, type ReplyOf } from "../core/kernel/agent-protocol.ts";
import { endpointFor } from "../core/kernel/endpoint.ts";
import type { Fleet, FleetNode } from "../core/kernel/fleet.ts";
import type { AgentAnswer, Agents, Clock, Entropy } from "../core/kernel/ports.ts";
import { CALL_BYTES_MAX } from "../core/kernel/settings.ts";
import type { Authority } from "./authority-kms.ts";
import { type Channel, httpChannel } from "./http-channel.ts";
import { open, seal } from "./signature-ed25519.ts";

/** 16 bytes: never drawn twice. */
const CHALLENGE_BYTES = 16;

type Options = {
  fleet: Pick<Fleet, "fleet">;
  region: string;
  authority: Authority;
  clock: Pick<Clock, "monotonicMs">;
  entropy: Entropy;
};

const REPLY_KIND = {
  report: "report",
  grant: "granted",
  fence: "fenced",
  prepare: "prepared",
  adopt: "adopted",
  promote: "promoted",
  demote: "demoted",
  checkpoint: "checkpoint",
  "start-job": "job",
  "look-at-job": "job",
  "cancel-job": "job",
  "boot-scratch": "scratch",
  "look-at-scratch": "scratch",
  "end-scratch": "scratch",
} as const satisfies Record<string, Reply["kind"]>;

/** Commands that change nothing: safe to send again when an idle connection turns out to be closed. */
const REPEATABLE: ReadonlySet<string> = new Set(["report", "checkpoint", "look-at-job", "look-at-scratch"]);

export function httpAgents(options: Options): Agents & { close(): void } {
  const { clock } = options;
  const channels = new Map<string, Channel>();

  function channelTo(url: string, tlsSha256: string | undefined): Channel {
    const name = `${tlsSha256 ?? ""} ${url}`;
    const known = channels.get(name);
    if (known !== undefined) return known;
    const channel = httpChannel(new URL("/v1/command", url), tlsSha256);
    channels.set(name, channel);
    return channel;
  }

  const call: Agents["call"] = async (node, order, { timeoutMs, signal }) => {
    const startedMs = clock.monotonicMs();
    const url = endpointFor(node.agent, options.region);
    if (url === undefined) return { kind: "unreachable", reason: `the fleet file gives ${options.region} no way to the agent of ${node.id}` };
    const { privateKey, delegation } = await options.authority.session();
    const challenge = Buffer.from(options.entropy.bytes(CHALLENGE_BYTES)).toString("base64url");
    const command = { ...order, fleet: options.fleet.fleet, node: node.id, challenge };
    const body = JSON.stringify({ ...seal(CONTEXT.command, command, privateKey), delegation } satisfies CommandEnvelope);
    if (body.length > CALL_BYTES_MAX) return { kind: "unreachable", reason: `the command has ${body.length} bytes; ${CALL_BYTES_MAX} is the limit` };
    const exchange = await channelTo(url, node.agentTlsSha256).post(body, {
      timeoutMs,
      bytesMax: CALL_BYTES_MAX,
      repeatable: REPEATABLE.has(order.kind),
      ...(signal === undefined ? {} : { signal }),
    });
    if (exchange.kind !== "answered") return exchange;
    const roundTripMs = clock.monotonicMs() - startedMs;
    return judge(exchange.body, { node, fleet: options.fleet.fleet, challenge, expected: REPLY_KIND[order.kind], roundTripMs }) as AgentAnswer<never>;
  };

  return {
    call,
    close() {
      for (const channel of channels.values()) channel.close();
      channels.clear();
    },
  };
}

type Expected = { node: FleetNode; fleet: string; challenge: string; expected: Reply["kind"]; roundTripMs: number };

/** What came back, judged: anything but this agent's signed word on this challenge is untrusted. */
function judge(body: string, { node, fleet, challenge, expected, roundTripMs }: Expected): AgentAnswer {
  const opened = open(CONTEXT.reply, parse(body), node.agentKey, Reply);
  if (opened.kind !== "opened") return { kind: "untrusted", reason: `${node.id}'s reply: ${opened.reason}` };
  const reply = opened.value;
  if (reply.challenge !== challenge) return { kind: "untrusted", reason: `${node.id} answered another challenge: a recorded reply` };
  if (reply.node !== node.id || reply.fleet !== fleet) {
    return { kind: "untrusted", reason: `the reply is of node ${reply.node} in fleet ${reply.fleet}, asked was ${node.id} in ${fleet}` };
  }
  if (reply.kind === "refused") return { kind: "refused", code: reply.code, reason: reply.reason };
  if (reply.kind !== expected) return { kind: "untrusted", reason: `${node.id} answered with "${reply.kind}" where "${expected}" was due` };
  return { kind: "answered", reply: reply as ReplyOf<"report">, roundTripMs };
}

/** What is not JSON is not an envelope either, and is refused as such. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
