/** A node joins by a token, within bounds, on our chain. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnrolledNode, type EnrolmentToken } from "../../../../core/kernel/enrolment.ts";
import type { NodeId } from "../../../../core/kernel/ids.ts";
import { decideEnrolment, type EnrolmentFacts } from "../../../../core/scaling/adaptive-resource-allocation/enrolment.ts";
import {
  asked,
  BLOCK,
  bounds,
  chained,
  claim,
  entered,
  good,
  KEY,
  members,
  NOW_MS,
  OTHER_BLOCK,
  OTHER_KEY,
  request,
  stored,
  token,
  view,
  views,
  wordOf,
} from "../../../support/enrolment-facts.ts";

const REFUSALS: [string, Partial<EnrolmentFacts>][] = [
  ["token-unknown", { token: null }],
  ["token-wrong", asked({ token: "x".repeat(43) })],
  ["token-of-another-instance", stored({ instanceId: "i-0def" })],
  ["token-of-another-node", asked({ nodeId: "scale-2" as NodeId })],
  ["token-expired", stored({ expiresAtMs: NOW_MS })],
  ["token-used", stored({ claim: { publicKey: OTHER_KEY, atMs: NOW_MS - 5_000 } })],
  ["enrolment-closed", { bounds: null }],
  ["name-not-allowed", { bounds: { ...bounds, idPrefixes: ["spare-"] } }],
  ["region-not-allowed", stored({ region: "eu-west-1" as EnrolmentToken["region"] })],
  ["zone-not-allowed", stored({ zone: "us-east-1b" })],
  ["host-differs", asked({ endpoint: { ...request.endpoint, agent: "https://10.0.0.9@10.6.6.6/" } })],
  ["name-taken", { members: [...members, { nodeId: "scale-1", publicKey: OTHER_KEY, addresses: [] }] }],
  ["key-taken", { members: [...members, { nodeId: "n9", publicKey: KEY, addresses: [] }] }],
  ["key-taken", { enrolled: [{ ...entered, nodeId: "scale-0" as NodeId, instanceId: "i-old", removedAtMs: NOW_MS - 9 }] }],
  ["address-taken", { members: [...members, { nodeId: "n9", publicKey: OTHER_KEY, addresses: ["https://10.0.0.9:9443/"] }] }],
  ["removed-before", { ...stored({ claim }), enrolled: [{ ...entered, removedAtMs: NOW_MS - 9 }] }],
  ["fleet-full", { bounds: { ...bounds, nodesMax: 3 } }],
  ["chain-id-differs", asked({ chainId: 1 })],
  ["genesis-differs", asked({ genesisHash: OTHER_BLOCK })],
  ["finalized-hash-differs", asked({ finalized: { height: 100, hash: OTHER_BLOCK } })],
  ["too-slow", { ...stored({ claim: { publicKey: KEY, atMs: NOW_MS - 21_601_000 } }), ...asked({ finalized: { height: 5, hash: BLOCK } }) }],
];
const DELAYS: [number | null, Partial<EnrolmentFacts>][] = [
  [91, asked({ finalized: { height: 10, hash: BLOCK } })],
  [4, chained({ views: views.map((each) => ({ ...each, finalizedHeight: 104 })) })],
  [null, chained({ views: views.slice(0, 1) })],
  [null, chained({ views: [view(0), view(0), view(0)] })],
  [null, chained({ views: [view(0), view(1, { genesisHash: OTHER_BLOCK }), view(2, { chainId: 5 })] })],
  [1, chained({ views: [view(0), view(1, { hash: OTHER_BLOCK }), view(2, { hash: null })] })],
  [0, chained({ views: views.map((each) => ({ ...each, finalizedHeight: 99 })) })],
];

describe("enrolment", () => {
  it("enters a node as a standby with its claim, once everything agrees", () => {
    const decision = decideEnrolment(good);
    expect(decision).toMatchObject({
      kind: "entered",
      isNew: true,
      claim: { publicKey: KEY, atMs: NOW_MS },
      reason: expect.stringContaining("as a standby"),
    });
    if (decision.kind === "entered") expect(EnrolledNode.parse(decision.node)).toEqual({ ...entered, enteredAtMs: NOW_MS });
  });

  it("refuses each single fault by its own word", () => {
    for (const [because, changes] of REFUSALS) expect([because, wordOf(decideEnrolment({ ...good, ...changes }))]).toEqual([because, because]);
  });

  it("says not yet while a node catches up or no quorum speaks, and keeps the token for the key that asked", () => {
    for (const [behindBlocks, changes] of DELAYS) {
      expect(decideEnrolment({ ...good, ...changes })).toMatchObject({ kind: "not-yet", behindBlocks, claim: { publicKey: KEY, atMs: NOW_MS } });
    }
  });

  it("never enters anybody on whom two facts or more are wrong", () => {
    const wrong = [...REFUSALS, ...DELAYS].map(([, changes]) => changes);
    fc.assert(
      fc.property(fc.subarray(wrong, { minLength: 2, maxLength: 5 }), (changes) => {
        const facts: EnrolmentFacts = Object.assign({}, good, ...changes);
        const last = changes.at(-1);
        expect(decideEnrolment({ ...facts, ...last }).kind).not.toBe("entered");
      }),
      { numRuns: 500 },
    );
  });

  it("answers a repetition with the same node, even after the token's time, and another key never", () => {
    const first = decideEnrolment(good);
    if (first.kind !== "entered") throw new Error(first.reason);
    const later = {
      ...good,
      nowMs: NOW_MS + 86_400_000,
      token: { ...token, claim: first.claim },
      enrolled: [first.node],
      members: [...members, member(first.node)],
    };
    expect(decideEnrolment(later)).toMatchObject({ kind: "entered", isNew: false, node: first.node, claim: null });
    expect(wordOf(decideEnrolment({ ...later, ...asked({ publicKey: OTHER_KEY }) }))).toBe("token-used");
  });

  it("goes on where it was stopped after the claim and before the entry", () => {
    expect(decideEnrolment({ ...good, ...stored({ claim }), nowMs: NOW_MS + 3_600_000 })).toMatchObject({
      kind: "entered",
      isNew: true,
      claim: null,
    });
  });

  it("enters one key at most for each token, whoever comes in whatever order", () => {
    const keys = ["a", "b", "c"].map((letter) => letter.repeat(43));
    const step = fc.record({ key: fc.constantFrom(...keys), isCaughtUp: fc.boolean(), afterMs: fc.integer({ min: 0, max: 400_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let [current, nowMs] = [token, NOW_MS];
        let enrolled: EnrolledNode[] = [];
        for (const { key, isCaughtUp, afterMs } of steps) {
          nowMs += afterMs;
          const height = isCaughtUp ? 100 : 3;
          const { request: asking } = { ...good, ...asked({ publicKey: key, finalized: { height, hash: BLOCK } }) };
          const decision = decideEnrolment({
            ...good,
            nowMs,
            token: current,
            enrolled,
            members: [...members, ...enrolled.map(member)],
            request: asking,
          });
          if (decision.kind !== "refused" && decision.claim) {
            expect(current.claim).toBeNull();
            current = { ...current, claim: decision.claim };
          }
          if (decision.kind === "entered" && decision.isNew) enrolled = [...enrolled, decision.node];
        }
        expect(enrolled.length).toBeLessThanOrEqual(1);
        for (const { publicKey } of enrolled) expect(publicKey).toBe(current.claim?.publicKey);
      }),
      { numRuns: 300 },
    );
  });

  it("asks for a majority of all members, not of those that answer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(fc.constantFrom(BLOCK, OTHER_BLOCK, null), { maxLength: 12 }), (memberCount, hashes) => {
        const said = hashes.slice(0, memberCount).map((hash, index) => view(index, { hash }));
        const decision = decideEnrolment({ ...good, ...chained({ memberCount, views: said }) });
        const count = (wanted: string) => said.filter(({ hash }) => hash === wanted).length;
        expect(decision.kind === "entered").toBe(2 * count(BLOCK) > memberCount);
        expect(wordOf(decision) === "finalized-hash-differs").toBe(2 * count(OTHER_BLOCK) > memberCount);
      }),
    );
  });
});

const member = ({ nodeId, publicKey, endpoint }: EnrolledNode) => ({ nodeId, publicKey, addresses: Object.values(endpoint) });
