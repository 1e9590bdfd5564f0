/**
 * Whether a node that an actuator has started may be of the fleet. It is entered as a standby, never as a holder, when its token proves who
 * started it, the fleet file's bounds admit it, and genesis, chain id and a finalized hash agree with a quorum. Everything else is a refusal
 * with its own word, or "not yet" while it catches up. Asked twice by the same instance with the same key, it answers the same.
 *
 * The caller has checked that the request is signed with the key that it names. It writes the claim before the node, each under the revision
 * that it read: stopped between the two, the same request goes on, and no other key ever can.
 */
import type { EnrolledNode, EnrolmentBounds, EnrolmentRequest, EnrolmentToken } from "../../kernel/enrolment.ts";
import { type ChainFacts, type ChainFault, judgeChain } from "./enrolment-chain.ts";
import { judgeToken, type TokenFault } from "./enrolment-token.ts";

/** A node of the fleet, by the fleet file or by enrolment; every address that it has. */
export type Member = { readonly nodeId: string; readonly publicKey: string; readonly addresses: readonly string[] };

export type EnrolmentFacts = {
  readonly nowMs: number;
  readonly request: EnrolmentRequest;
  /** Found by the request's instance. */
  readonly token: EnrolmentToken | null;
  /** Null where the fleet file lets nobody in. */
  readonly bounds: EnrolmentBounds | null;
  /** All that are of the fleet now. */
  readonly members: readonly Member[];
  /** All that were enrolled, ever. */
  readonly enrolled: readonly EnrolledNode[];
  readonly chain: Omit<ChainFacts, "lagBlocksMax">;
};

export type EnrolmentFault =
  | TokenFault
  | ChainFault
  | "enrolment-closed"
  | "name-not-allowed"
  | "region-not-allowed"
  | "zone-not-allowed"
  | "host-differs"
  | "name-taken"
  | "key-taken"
  | "address-taken"
  | "removed-before"
  | "fleet-full"
  | "too-slow";

export type Enrolment =
  /** `claim` is to be written into the token where it is not null, then `node` into the registry where `isNew`. */
  | {
      readonly kind: "entered";
      readonly node: EnrolledNode;
      readonly isNew: boolean;
      readonly claim: EnrolmentToken["claim"];
      readonly reason: string;
    }
  | { readonly kind: "not-yet"; readonly behindBlocks: number | null; readonly claim: EnrolmentToken["claim"]; readonly reason: string }
  | { readonly kind: "refused"; readonly because: EnrolmentFault; readonly reason: string };

export function decideEnrolment(facts: EnrolmentFacts): Enrolment {
  const { request, token, bounds, nowMs, enrolled } = facts;
  const refused = (because: EnrolmentFault, reason: string): Enrolment => ({ kind: "refused", because, reason });
  // Who has no token learns nothing about the fleet.
  const proof = judgeToken(request, token, nowMs);
  if (proof.kind === "refused" || token === null) return proof.kind === "refused" ? proof : refused("token-unknown", "no token was issued");
  const claim = proof.isFirst ? proof.claim : null;

  const before = enrolled.find(({ publicKey, instanceId }) => publicKey === request.publicKey && instanceId === request.instanceId);
  if (before && before.removedAtMs !== null)
    return refused("removed-before", `${before.nodeId} was removed; a new instance needs a new token and a new key`);
  if (before) return { kind: "entered", node: before, isNew: false, claim, reason: `${before.nodeId} was entered before` };

  if (bounds === null) return refused("enrolment-closed", "the fleet file lets no node join");
  const outside = boundsFault(request, token, bounds) ?? clash(facts);
  if (outside !== null) return refused(...outside);
  if (facts.members.length >= bounds.nodesMax)
    return refused("fleet-full", `the fleet has ${facts.members.length} nodes, at most ${bounds.nodesMax} are allowed`);

  const judged = judgeChain(request, { ...facts.chain, lagBlocksMax: bounds.lagBlocksMax });
  if (judged.kind === "refused") return judged;
  if (judged.kind === "not-yet") {
    const spentS = Math.round((nowMs - proof.claim.atMs) / 1_000);
    if (spentS > bounds.catchUpSecondsMax)
      return refused("too-slow", `it tries for ${spentS} s, at most ${bounds.catchUpSecondsMax} are allowed; ${judged.reason}`);
    return { kind: "not-yet", behindBlocks: judged.behindBlocks, claim, reason: judged.reason };
  }
  const { nodeId, publicKey, instanceId, endpoint } = request;
  const { region, zone } = token;
  const node: EnrolledNode = { nodeId, publicKey, instanceId, endpoint, region, zone, enteredAtMs: nowMs, removedAtMs: null };
  return { kind: "entered", node, isNew: true, claim, reason: `${nodeId} is entered as a standby: ${judged.reason}` };
}

type Fault = [EnrolmentFault, string];

/** Region and zone are the actuator's word, never the newcomer's. */
function boundsFault({ nodeId, endpoint }: EnrolmentRequest, token: EnrolmentToken, bounds: EnrolmentBounds): Fault | null {
  if (!bounds.idPrefixes.some((prefix) => nodeId.startsWith(prefix))) {
    return ["name-not-allowed", `${nodeId} begins with none of ${bounds.idPrefixes.join(", ")}`];
  }
  if (!bounds.regions.includes(token.region)) return ["region-not-allowed", `it runs in ${token.region}, allowed are ${bounds.regions.join(", ")}`];
  if (!bounds.zones.includes(token.zone)) return ["zone-not-allowed", `it runs in ${token.zone}, allowed are ${bounds.zones.join(", ")}`];
  const foreign = Object.values(endpoint).find((url) => token.host !== null && new URL(url).hostname !== token.host);
  return foreign === undefined ? null : ["host-differs", `it wants to be reached at ${foreign}, its instance is ${token.host}`];
}

/** Names, keys and addresses are one node's own, those of former nodes too: a key that was given up is known to somebody. */
function clash({ request, members, enrolled }: EnrolmentFacts): Fault | null {
  const { nodeId, publicKey, endpoint } = request;
  if (members.some((member) => member.nodeId === nodeId)) return ["name-taken", `${nodeId} is a node of the fleet already`];
  if ([...members, ...enrolled].some((other) => other.publicKey === publicKey)) return ["key-taken", "its key is, or was, another node's"];
  const wanted = Object.values(endpoint).map(addressOf);
  const taken = members.find(({ addresses }) => addresses.some((address) => wanted.includes(addressOf(address))));
  return taken ? ["address-taken", `${taken.nodeId} is reached at one of its addresses`] : null;
}

const addressOf = (url: string): string => new URL(url).href;
