/** A node joins by a token, within bounds, on our chain; and leaves when it is not needed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnrolledNode, EnrolmentBounds, EnrolmentRequest, EnrolmentToken } from "../../../../core/kernel/enrolment.ts";
import type { IncidentId, NodeId, RoleName } from "../../../../core/kernel/ids.ts";
import { decideEnrolment, type Enrolment, type EnrolmentFacts } from "../../../../core/scaling/adaptive-resource-allocation/enrolment.ts";
import type { MemberView } from "../../../../core/scaling/adaptive-resource-allocation/enrolment-chain.ts";
import { decideRemoval, type RemovalFacts } from "../../../../core/scaling/adaptive-resource-allocation/enrolment-removal.ts";
import { hashToken } from "../../../../core/scaling/adaptive-resource-allocation/enrolment-token.ts";

const NOW_MS = 1_750_000_000_000;
const [SECRET, KEY, OTHER_KEY] = ["s", "k", "o"].map((letter) => letter.repeat(43)) as [string, string, string];
const [GENESIS, BLOCK, OTHER_BLOCK] = ["1", "2", "3"].map((digit) => `0x${digit.repeat(64)}`) as [string, string, string];

const request = EnrolmentRequest.parse({
  nodeId: "scale-1",
  publicKey: KEY,
  token: SECRET,
  instanceId: "i-0abc",
  endpoint: { rpc: "http://10.0.0.9:8545", agent: "https://10.0.0.9:9443" },
  chainId: 1337,
  genesisHash: GENESIS,
  finalized: { height: 100, hash: BLOCK },
});
const token = EnrolmentToken.parse({
  instanceId: "i-0abc",
  tokenSha256: hashToken(SECRET),
  nodeId: "scale-1",
  region: "us-east-1",
  zone: "us-east-1a",
  host: "10.0.0.9",
  issuedAtMs: NOW_MS - 1_000,
  expiresAtMs: NOW_MS + 600_000,
  claim: null,
});
const bounds = EnrolmentBounds.parse({ idPrefixes: ["scale-"], regions: ["us-east-1"], zones: ["us-east-1a"], nodesMax: 6 });
const view = (index: number, changes: Partial<MemberView> = {}): MemberView => ({
  node: `n${index}` as NodeId,
  chainId: 1337,
  genesisHash: GENESIS,
  finalizedHeight: 101,
  hash: BLOCK,
  ...changes,
});
const views = [0, 1, 2].map((index) => view(index));
const members = [0, 1, 2].map((index) => ({ nodeId: `n${index}`, publicKey: `${index}`.repeat(43), addresses: [`http://10.0.0.${index + 1}:8545`] }));
const good: EnrolmentFacts = {
  nowMs: NOW_MS,
  request,
  token,
  bounds,
  members,
  enrolled: [],
  chain: { chain: { chainId: 1337, genesisHash: GENESIS }, memberCount: 3, views },
};
const asked = (changes: Partial<EnrolmentRequest>): Partial<EnrolmentFacts> => ({ request: EnrolmentRequest.parse({ ...request, ...changes }) });
const chained = (changes: Partial<EnrolmentFacts["chain"]>): Partial<EnrolmentFacts> => ({ chain: { ...good.chain, ...changes } });
const stored = (changes: Partial<EnrolmentToken>): Partial<EnrolmentFacts> => ({ token: { ...token, ...changes } });
const wordOf = (decision: Enrolment): string => (decision.kind === "refused" ? decision.because : decision.kind);
const entered = EnrolledNode.parse({
  nodeId: "scale-1",
  publicKey: KEY,
  instanceId: "i-0abc",
  endpoint: request.endpoint,
  region: "us-east-1",
  zone: "us-east-1a",
  enteredAtMs: NOW_MS - 50,
  removedAtMs: null,
});
const claim = { publicKey: KEY, atMs: NOW_MS - 100 };

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

describe("removal", () => {
  const idle: RemovalFacts = {
    nowMs: NOW_MS,
    node: entered,
    instance: "running",
    holds: [],
    openIncident: null,
    workCount: 0,
    roles: [{ role: "primary" as RoleName, leftCount: 3, neededCount: 2 }],
    leftCount: 4,
    quorumCount: 3,
  };
  const table: [string, Partial<RemovalFacts>][] = [
    ["removed", {}],
    ["not-enrolled", { node: null }],
    ["instance-unknown", { instance: "unknown" }],
    ["incident-open", { openIncident: "primary-20261124T000000000" as IncidentId }],
    ["below-quorum", { leftCount: 2 }],
    ["role-below-minimum", { roles: [{ role: "primary" as RoleName, leftCount: 1, neededCount: 2 }] }],
    ["not-yet", { holds: ["primary" as RoleName] }],
    ["not-yet", { workCount: 3 }],
  ];

  it("takes a running node out only when it holds nothing and enough stay", () => {
    for (const [word, changes] of table) {
      const decision = decideRemoval({ ...idle, ...changes });
      expect([word, decision.kind === "refused" ? decision.because : decision.kind]).toEqual([word, word]);
    }
  });

  it("takes out what is gone whatever else is the case, and only once", () => {
    for (const [, changes] of table.filter(([word]) => word !== "not-enrolled")) {
      const first = decideRemoval({ ...idle, ...changes, instance: "gone" });
      expect(first).toMatchObject({ kind: "removed", isNew: true, node: { removedAtMs: NOW_MS } });
      if (first.kind !== "removed") continue;
      expect(decideRemoval({ ...idle, ...changes, node: first.node, nowMs: NOW_MS + 5 })).toMatchObject({
        kind: "removed",
        isNew: false,
        node: first.node,
      });
    }
    const held = decideRemoval({ ...idle, instance: "gone", holds: ["primary" as RoleName] });
    expect(held.reason).toContain("must be failed over");
  });
});
