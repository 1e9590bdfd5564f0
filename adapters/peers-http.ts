/**
 * Speaks to the other nodes' agents over `POST /v1/work`, and tells whose word has come. A word is signed for one receiver, in a context of its
 * own, and believed only if the key fits that the configuration names for its sender. It is sent once: nothing is repeated here and no answer
 * is believed, so that what is lost is lost. Time and bytes are bounded.
 */
import type { KeyObject } from "node:crypto";
import * as z from "zod";
import { CONTEXT, Sealed } from "../core/kernel/agent-protocol.ts";
import { faultsOf } from "../core/kernel/errors.ts";
import { type FleetId, NodeId } from "../core/kernel/ids.ts";
import { WORK_WORD_BYTES_MAX, WorkWord } from "../core/kernel/work-trade.ts";
import { type Channel, type Exchange, httpChannel } from "./http-channel.ts";
import { openPayload, openSigned, seal } from "./signature-ed25519.ts";

export type Peer = { readonly id: NodeId; readonly agent: string; readonly agentKey: string; readonly agentTlsSha256?: string | undefined };

/** `refused` is of whoever answered, and proves nothing. */
const ANSWER_BYTES_MAX = 4_096;

export type WordRefusal = {
  readonly kind: "stranger" | "forged" | "misdirected" | "malformed";
  readonly reason: string;
};
export type WordOpened = { readonly kind: "opened"; readonly word: WorkWord } | WordRefusal;

export const sealWord = (word: WorkWord, privateKey: KeyObject): Sealed => seal(CONTEXT.work, word, privateKey);

export function httpPeers(options: { peers: readonly Peer[]; privateKey: KeyObject }) {
  const known = new Map(options.peers.map((peer) => [peer.id, peer]));
  const channels = new Map<NodeId, Channel>();

  function channelTo({ id, agent, agentTlsSha256 }: Peer): Channel {
    const channel = channels.get(id) ?? httpChannel(new URL("/v1/work", agent), agentTlsSha256);
    channels.set(id, channel);
    return channel;
  }

  return {
    async send(word: WorkWord, { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Promise<Exchange> {
      const peer = known.get(word.to);
      if (peer === undefined) return { kind: "unreachable", reason: `the configuration names no agent of ${word.to}` };
      const body = JSON.stringify(sealWord(word, options.privateKey));
      if (body.length > WORK_WORD_BYTES_MAX) return { kind: "unreachable", reason: `${body.length} bytes; ${WORK_WORD_BYTES_MAX} is the limit` };
      const limits = { timeoutMs, bytesMax: ANSWER_BYTES_MAX, repeatable: false };
      return await channelTo(peer).post(body, signal === undefined ? limits : { ...limits, signal });
    },
    close(): void {
      for (const channel of channels.values()) channel.close();
      channels.clear();
    },
  };
}

const Sender = z.object({ from: NodeId });

/** Never throws. Who claims to have sent it is read first, only to choose the key by which the claim is checked. */
export function openWord(body: unknown, at: { fleet: FleetId; self: NodeId; keyOf: (node: NodeId) => string | undefined }): WordOpened {
  const sealed = Sealed.safeParse(body);
  if (!sealed.success) return { kind: "malformed", reason: `not a sealed envelope: ${faultsOf(sealed.error).slice(0, 3).join("; ")}` };
  const claim = openPayload(sealed.data.payload, Sender);
  if (claim.kind !== "opened") return { kind: "malformed", reason: "it names no sender" };
  const { from } = claim.value;
  const key = at.keyOf(from);
  if (key === undefined) return { kind: "stranger", reason: `${from} is no peer with whom work is traded here` };
  const opened = openSigned(CONTEXT.work, sealed.data, key, WorkWord);
  if (opened.kind !== "opened") return opened;
  const word = opened.value;
  const inner = word.kind === "report" ? { from: word.report.node, to: word.to } : word.message;
  if (inner.from !== word.from) return { kind: "forged", reason: `${word.from} signed what ${inner.from} is to have said` };
  if (word.fleet !== at.fleet || word.to !== at.self || inner.to !== at.self) {
    return { kind: "misdirected", reason: `it is for ${word.to} in fleet ${word.fleet}` };
  }
  return { kind: "opened", word };
}
