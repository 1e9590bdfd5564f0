/**
 * Capacity that is moved by whoever answers signed requests (core/kernel/capacity-protocol.ts). Each order is two exchanges: a look, which
 * brings a nonce of the receiver's, and the order with it. Only an answer signed by the key in the fleet file, to this very challenge,
 * counts; anything else says nothing about the group. Time and bytes are bounded, redirects are not followed, nothing is thrown but
 * `AuthorityUnavailable`, where the control plane cannot sign.
 */
import { CONTEXT, type CommandEnvelope } from "../core/kernel/agent-protocol.ts";
import { type CapacityLook, type CapacityOrder, type CapacityOutcome, sayBriefly } from "../core/kernel/capacity.ts";
import { CAPACITY_BYTES_MAX, type CapacityAnswer, type CapacityAsk, CapacityReply } from "../core/kernel/capacity-protocol.ts";
import type { Entropy } from "../core/kernel/ports.ts";
import type { Capacity } from "../core/kernel/service-ports.ts";
import type { Authority } from "./authority-kms.ts";
import { httpChannel } from "./http-channel.ts";
import { open, seal } from "./signature-ed25519.ts";

const CHALLENGE_BYTES = 16;
/** A receiver may ask a cloud of its own before it answers. */
const EXCHANGE_MS = 10_000;

type Unreachable = { readonly kind: "unreachable"; readonly reason: string };
type Omitted<T> = T extends { nonce: string } ? Omit<T, "nonce"> : never;
type Change = Omitted<CapacityAsk>;

export type WebhookCapacityOptions = {
  readonly fleet: string;
  readonly group: string;
  readonly url: string;
  /** The receiver's public key. */
  readonly key: string;
  readonly tlsSha256?: string | undefined;
  readonly authority: Authority;
  readonly entropy: Entropy;
  readonly timeoutMs?: number;
};

export function webhookCapacity(options: WebhookCapacityOptions): Capacity & { close(): void } {
  const { fleet, group, timeoutMs = EXCHANGE_MS } = options;
  const name = `the webhook ${options.url}`;
  const channel = httpChannel(new URL(options.url), options.tlsSha256);

  async function ask(asked: CapacityAsk): Promise<CapacityAnswer | Unreachable> {
    const { privateKey, delegation } = await options.authority.session();
    const challenge = Buffer.from(options.entropy.bytes(CHALLENGE_BYTES)).toString("base64url");
    const body = JSON.stringify({
      ...seal(CONTEXT.capacity, { fleet, group, challenge, ask: asked }, privateKey),
      delegation,
    } satisfies CommandEnvelope);
    const exchange = await channel.post(body, { timeoutMs, bytesMax: CAPACITY_BYTES_MAX, repeatable: asked.kind === "look" });
    if (exchange.kind !== "answered") return unknown(`${name}: ${exchange.reason}`);
    const opened = open(CONTEXT.capacityReply, parse(exchange.body), options.key, CapacityReply);
    if (opened.kind !== "opened") return unknown(`what answered at ${options.url} is not to be trusted: ${opened.reason}`);
    const reply = opened.value;
    if (reply.challenge !== challenge) return unknown(`${name} answered another challenge: a recorded reply`);
    if (reply.fleet !== fleet || reply.group !== group) return unknown(`${name} answered for ${reply.group} of fleet ${reply.fleet}`);
    return reply.answer;
  }

  async function lookNow(): Promise<{ look: CapacityLook; nonce: string | null }> {
    const answer = await ask({ kind: "look" });
    if (answer.kind === "look") return { look: answer.look, nonce: answer.nonce };
    if (answer.kind === "denied") return { look: { kind: "refused", reason: sayBriefly(`${name} denies: ${answer.reason}`) }, nonce: null };
    return { look: answer.kind === "unreachable" ? answer : unknown(`${name} answered a look with an outcome`), nonce: null };
  }

  async function change(wanted: Change): Promise<CapacityOutcome> {
    const { look, nonce } = await lookNow();
    if (nonce === null) return look.kind === "seen" ? unknown(`${name} gave no nonce`) : look;
    const answer = await ask({ ...wanted, nonce } as CapacityAsk);
    if (answer.kind === "outcome") return answer.outcome;
    if (answer.kind === "unreachable") return answer;
    if (answer.kind === "look") return unknown(`${name} answered an order with a look`);
    /** A copy of this very request may have come before it: what that one did is not known. */
    if (answer.code === "replayed") return unknown(`${name} has had this request before: ${answer.reason}`);
    return { kind: "refused", reason: sayBriefly(`${name} denies: ${answer.reason}`) };
  }

  return {
    name,
    close: () => channel.close(),
    look: async () => (await lookNow()).look,
    raise: (raise, order: CapacityOrder) => change({ kind: "raise", raise, order }),
    complete: (unit, verdict, order) => change({ kind: "complete", unit, verdict, order }),
    remove: (unit, order) => change({ kind: "remove", unit, order }),
  };
}

const unknown = (reason: string): Unreachable => ({ kind: "unreachable", reason: sayBriefly(reason) });

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
