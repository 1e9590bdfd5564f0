/** Nobody unfit is elected, and everybody who was passed over hears why. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, type ElectionFacts, electSuccessor } from "../../../core/failover/stateful-failover/election.ts";
import type { NodeId, RegionName } from "../../../core/kernel/ids.ts";
import { VERDICTS } from "../../../core/kernel/node.ts";

const id = (index: number) => `n${index}` as NodeId;
const candidateOf = (index: number, more: Partial<Candidate> = {}): Candidate => ({
  node: {
    id: id(index),
    zone: `z${index % 3}`,
    region: (index % 2 === 0 ? "us-east-1" : "us-west-2") as RegionName,
    client: index % 2 === 0 ? "geth" : "reth",
    stake: 1,
  },
  standing: "member",
  verdicts: [],
  head: 100,
  agentFault: null,
  ...more,
});
const factsOf = (candidates: Candidate[], more: Partial<ElectionFacts> = {}): ElectionFacts => ({
  candidates,
  holder: candidates[0] ? { node: candidates[0].node, mayReturn: false } : null,
  requested: null,
  preferred: null,
  burned: [],
  finalizedHeight: 90,
  lagBlocksMax: 3,
  ...more,
});
const verdicts = fc.array(
  fc.record({
    observer: fc.constantFrom("us-east-1" as RegionName, "us-west-2" as RegionName),
    kind: fc.constantFrom(...VERDICTS),
    confirmed: fc.boolean(),
  }),
  { maxLength: 3 },
);
const candidates = fc
  .array(
    fc.record({
      standing: fc.constantFrom("member" as const, "member" as const, "out" as const, "probation" as const),
      verdicts,
      head: fc.option(fc.integer({ min: 85, max: 110 })),
      agentFault: fc.option(fc.constant("silent")),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((all) => all.map((more, index) => candidateOf(index, more)));
const elections = fc.record({
  candidates,
  burned: fc.subarray([0, 1, 2, 3].map(id)),
  requested: fc.option(fc.constantFrom(id(1), id(2))),
  mayReturn: fc.boolean(),
});

describe("laws", () => {
  it("never elects a node that is out, burned, silent, behind the finalized head, leaving, without an agent, or not the one asked for", () => {
    fc.assert(
      fc.property(elections, ({ candidates, burned, requested, mayReturn }) => {
        const holder = candidates[0] ? { node: candidates[0].node, mayReturn } : null;
        const election = electSuccessor(factsOf(candidates, { burned, requested, holder }));
        if (election.kind !== "elected") return;
        const chosen = candidates.find(({ node }) => node.id === election.node);
        expect(chosen).toMatchObject({ standing: "member", agentFault: null });
        expect(chosen?.head).toBeGreaterThanOrEqual(90);
        expect(burned).not.toContain(election.node);
        if (!mayReturn) expect(election.node).not.toBe(holder?.node.id);
        if (requested) expect(election.node).toBe(requested);
        expect(chosen?.verdicts.some(({ kind }) => ["forked", "foreign", "lying"].includes(kind))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("gives a reason for every member that was not elected", () => {
    fc.assert(
      fc.property(elections, ({ candidates, burned, requested }) => {
        const election = electSuccessor(factsOf(candidates, { burned, requested }));
        const named = election.passedOver.map(({ node }) => node);
        const others = candidates.map(({ node }) => node.id).filter((one) => election.kind === "refused" || one !== election.node);
        expect(named.toSorted()).toEqual(others.toSorted());
        for (const { reason } of election.passedOver) expect(reason).not.toBe("");
      }),
    );
  });

  it("does not depend on the order in which members are listed", () => {
    fc.assert(
      fc.property(elections, fc.integer(), ({ candidates, burned }, seed) => {
        const facts = factsOf(candidates, { burned });
        const shuffled = candidates.toSorted((a, b) => ((a.node.id.charCodeAt(1) * 7 + seed) % 5) - ((b.node.id.charCodeAt(1) * 7 + seed) % 5));
        const [one, other] = [electSuccessor(facts), electSuccessor({ ...facts, candidates: shuffled })];
        expect(one.kind === "elected" && one.node).toBe(other.kind === "elected" && other.node);
      }),
    );
  });

  it("is not turned by one node that claims to be far ahead", () => {
    fc.assert(
      fc.property(fc.integer({ min: 101, max: 1_000_000 }), (ahead) => {
        const rogue = candidateOf(3, { head: ahead, verdicts: [{ observer: "us-east-1" as RegionName, kind: "lying", confirmed: false }] });
        const election = electSuccessor(factsOf([candidateOf(0), candidateOf(1), candidateOf(2), rogue]));
        expect(election).toMatchObject({ kind: "elected" });
        expect(election.kind === "elected" && election.node).not.toBe("n3");
      }),
    );
  });
});

describe("stories", () => {
  it("prefers the higher head, then another Region than the failed node's", () => {
    const behind = electSuccessor(factsOf([candidateOf(0), candidateOf(1, { head: 99 }), candidateOf(2)]));
    expect(behind.kind === "elected" && behind.node).toBe("n2");
    const level = electSuccessor(factsOf([candidateOf(0), candidateOf(2), candidateOf(3)]));
    expect(level.kind === "elected" && level.node).toBe("n3");
  });
  it("counts a node as fit that one blind observer cannot reach while another finds it healthy", () => {
    const split = [
      { observer: "us-east-1" as RegionName, kind: "unreachable" as const, confirmed: true },
      { observer: "us-west-2" as RegionName, kind: "healthy" as const, confirmed: true },
    ];
    const election = electSuccessor(factsOf([candidateOf(0), candidateOf(1, { verdicts: split })]));
    expect(election).toMatchObject({ kind: "elected", node: "n1" });
  });
});
