/**
 * The other end of the webhook: from a request's bytes to a signed reply. Who sent it (a pinned control key's delegate), for whom (this
 * group of this fleet), is it new (what changes anything carries a nonce of ours, good once and for two minutes), and only then what is
 * asked. An operator's own receiver does the same; this one serves the rehearsal and the tests, and can be put before any `Capacity`.
 */
import type { KeyObject } from "node:crypto";
import * as z from "zod";
import { CONTEXT, CommandEnvelope, Nonce, type Sealed } from "../core/kernel/agent-protocol.ts";
import { type CapacityAnswer, type CapacityAsk, CapacityReply, CapacityRequest } from "../core/kernel/capacity-protocol.ts";
import type { Clock, Entropy } from "../core/kernel/ports.ts";
import type { Capacity } from "../core/kernel/service-ports.ts";
import { delegationVerifier } from "./delegation-p256.ts";
import { open, openPayload, seal } from "./signature-ed25519.ts";

const NONCE_BYTES = 16;
/** From a look to the order that follows it: a function's cold start and its retries. */
const NONCE_MS_MAX = 120_000;
/** A few Regions, a few looks each; the oldest goes first. */
const NONCES_OPEN_MAX = 64;
/** To answer a stranger with, whose challenge cannot be read. */
const NO_CHALLENGE = "A".repeat(22);

type Denied = Extract<CapacityAnswer, { kind: "denied" }>;

export function capacityReceiver(options: {
  readonly fleet: string;
  readonly group: string;
  /** The control plane's, one a Region. */
  readonly controlKeys: readonly KeyObject[];
  /** This receiver's own (Ed25519); the fleet file names its public half. */
  readonly key: KeyObject;
  readonly capacity: Capacity;
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly entropy: Entropy;
}) {
  const { fleet, group, capacity, clock } = options;
  const verify = delegationVerifier({ fleet, keys: options.controlKeys });
  const nonces = new Map<string, number>();

  function giveNonce(): string {
    const nonce = Buffer.from(options.entropy.bytes(NONCE_BYTES)).toString("base64url");
    nonces.set(nonce, clock.monotonicMs());
    const [oldest] = nonces.keys();
    if (nonces.size > NONCES_OPEN_MAX && oldest !== undefined) nonces.delete(oldest);
    return nonce;
  }

  function useNonce(nonce: string): boolean {
    const givenAtMs = nonces.get(nonce);
    nonces.delete(nonce);
    return givenAtMs !== undefined && clock.monotonicMs() - givenAtMs <= NONCE_MS_MAX;
  }

  function authenticate(envelope: CommandEnvelope): { kind: "request"; request: CapacityRequest } | Denied {
    const delegated = verify(envelope.delegation, clock.wallMs());
    if (delegated.kind !== "delegated") return deny(delegated.kind, delegated.reason);
    const { payload, signature } = envelope;
    const opened = open(CONTEXT.capacity, { payload, signature }, delegated.delegation.sessionKey, CapacityRequest);
    if (opened.kind !== "opened") return deny(opened.kind === "forged" ? "forged" : "unknown", opened.reason);
    const request = opened.value;
    if (request.fleet !== fleet || request.group !== group)
      return deny("misdirected", `the request is for ${request.group} of fleet ${request.fleet}; this is ${group} of ${fleet}`);
    if (request.ask.kind !== "look" && !useNonce(request.ask.nonce))
      return deny("replayed", "its nonce is none of ours, was used before or is too old: look, and use the nonce that comes with it");
    return { kind: "request", request };
  }

  async function act(ask: CapacityAsk): Promise<CapacityAnswer> {
    switch (ask.kind) {
      case "look":
        return { kind: "look", look: await capacity.look(), nonce: giveNonce() };
      case "raise":
        return { kind: "outcome", outcome: await capacity.raise(ask.raise, ask.order) };
      case "complete":
        return { kind: "outcome", outcome: await capacity.complete(ask.unit, ask.verdict, ask.order) };
      case "remove":
        return { kind: "outcome", outcome: await capacity.remove(ask.unit, ask.order) };
    }
  }

  /** Null for what is no envelope at all: whoever sent it does not speak this protocol and is owed no signature. */
  return async (body: string): Promise<Sealed | null> => {
    const envelope = CommandEnvelope.safeParse(parse(body));
    if (!envelope.success) return null;
    const authentic = authenticate(envelope.data);
    const answer = authentic.kind === "denied" ? authentic : await act(authentic.request.ask);
    const reply: CapacityReply = CapacityReply.parse({ fleet, group, challenge: challengeOf(envelope.data), answer });
    return seal(CONTEXT.capacityReply, reply, options.key);
  };
}

const deny = (code: Denied["code"], reason: string): Denied => ({ kind: "denied", code, reason: reason.slice(0, 1_000) });

function challengeOf({ payload }: Sealed): string {
  const opened = openPayload(payload, z.object({ challenge: Nonce }));
  return opened.kind === "opened" ? opened.value.challenge : NO_CHALLENGE;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
