/** The quorum's arithmetic, as laws over any fleet and any words. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { proofOfLife } from "../../../core/failover/monitoring-system/proof-of-life.ts";
import { judgeQuorum, votesNeeded } from "../../../core/failover/monitoring-system/quorum.ts";
import type { Fleet } from "../../../core/kernel/fleet.ts";
import type { Verdict, VerdictKind } from "../../../core/kernel/node.ts";
import { anyBallot, anyFleet, factsOf, NOW_MS, STILL_LIMIT_MS, SUBJECT, verdict, view, type Word } from "../../support/ballots.ts";
import { fleetOf } from "../../support/fake-fleet-file.ts";

const RANK = { acquitted: 0, undecided: 1, condemned: 2 } as const;

test("the votes needed are two at least, more than half of those eligible, and never more than there are", () => {
  fc.assert(
    fc.property(anyFleet, (fleet) => {
      const { eligible, needed } = votesNeeded(fleet);
      expect(needed).toBeGreaterThanOrEqual(2);
      expect(needed * 2).toBeGreaterThan(eligible);
      expect(needed).toBeLessThanOrEqual(eligible);
    }),
  );
});

test("one observer alone never condemns, whatever it says", () => {
  fc.assert(
    fc.property(anyFleet, anyBallot, fc.nat(2), (fleet, ballot, pick) => {
      const observers = ballot.observers.map((_, index): Word => (index === pick % fleet.regions.observers.length ? "down" : "up"));
      const alone = {
        ...ballot,
        observers,
        peers: ballot.peers.map((word): Word => (word === "down" ? "none" : word)),
        self: false,
        validatorSilent: false,
      };
      expect(judgeQuorum(factsOf(fleet, alone)).kind).not.toBe("condemned");
    }),
  );
});

test("the peers alone never condemn: an observer must be among the votes", () => {
  fc.assert(
    fc.property(anyFleet, anyBallot, (fleet, ballot) => {
      const observers = ballot.observers.map((word): Word => (word === "down" ? "up" : word));
      expect(judgeQuorum(factsOf(fleet, { ...ballot, observers })).kind).not.toBe("condemned");
    }),
  );
});

test("whatever is condemned carries a sum that adds up", () => {
  fc.assert(
    fc.property(anyFleet, anyBallot, (fleet, ballot) => {
      const quorum = judgeQuorum(factsOf(fleet, ballot));
      if (quorum.kind !== "condemned") return;
      const { votes, needed, eligible } = quorum.evidence;
      const down = votes.filter((vote) => vote.down);
      expect({ eligible, needed }).toEqual(votesNeeded(fleet));
      expect(down.length).toBeGreaterThanOrEqual(needed);
      expect(down.some(({ kind }) => kind === "observer")).toBe(true);
      expect(new Set(votes.map(({ voter, kind }) => `${kind} ${voter}`)).size).toBe(votes.length);
    }),
  );
});

test("one more vote against a node never helps it", () => {
  fc.assert(
    fc.property(anyFleet, anyBallot, fc.nat(), (fleet, ballot, pick) => {
      const voters = [
        ...fleet.regions.observers.map((_, index) => ["observers", index] as const),
        ...fleet.nodes.slice(1).map((_, index) => ["peers", index] as const),
      ];
      const [bench, index] = voters[pick % voters.length] ?? ["peers", 0];
      const worse = { ...ballot, [bench]: ballot[bench].map((word, place): Word => (place === index ? "down" : word)) };
      const before = RANK[judgeQuorum(factsOf(fleet, ballot)).kind];
      expect(RANK[judgeQuorum(factsOf(fleet, worse)).kind]).toBeGreaterThanOrEqual(before);
    }),
  );
});

test("a stale word changes nothing", () => {
  fc.assert(
    fc.property(anyFleet, anyBallot, (fleet, ballot) => {
      const gone = (words: Word[]) => words.map((word): Word => (word === "stale" ? "none" : word));
      const without = { ...ballot, observers: gone(ballot.observers), peers: gone(ballot.peers) };
      expect(judgeQuorum(factsOf(fleet, ballot))).toEqual(judgeQuorum(factsOf(fleet, without)));
    }),
  );
});

test("proof of life acquits whatever the votes say", () => {
  fc.assert(
    fc.property(anyFleet, anyBallot, (fleet, ballot) => {
      const alive = { node: "n2", slot: 7, reason: "n2 has its block" };
      expect(judgeQuorum({ ...factsOf(fleet, ballot), proofOfLife: alive }).kind).toBe("acquitted");
    }),
  );
});

test("a halted network condemns nobody for standing still", () => {
  fc.assert(
    fc.property(anyFleet, anyBallot, (fleet, ballot) => {
      const facts = factsOf(fleet, { ...ballot, network: "halted", validatorSilent: false, kinds: ["stalled", "stalled", "stalled"] });
      expect(judgeQuorum(facts).kind).not.toBe("condemned");
    }),
  );
});

test("peers that see a head stand still add to a charge of standing still, and to no other", () => {
  const fleet = fleetOf();
  const still = fleet.nodes.slice(1).map(({ id }) => ({ peer: id, heardMsAgo: 0, view: view(false, 0, STILL_LIMIT_MS) }));
  const facts = factsOf(fleet, { observers: [], peers: [], self: false, kinds: [], network: "live", validatorSilent: false });
  const [region = "us-east-1"] = fleet.regions.observers;
  const charged = (kind: VerdictKind) => judgeQuorum({ ...facts, peers: still, observers: [verdict(region, kind, NOW_MS)] }).kind;
  expect(charged("stalled")).toBe("condemned");
  expect(charged("unreachable")).not.toBe("condemned");
});

test("the table of who can condemn whom is what the architecture says", () => {
  const four = fleetOf({ nodes: 4 });
  const two = fleetOf({ nodes: 2 });
  const kind = (fleet: Fleet, observers: Word[], peers: Word[]) =>
    judgeQuorum(factsOf(fleet, { observers, peers, self: false, kinds: [], network: "live", validatorSilent: false })).kind;
  expect(votesNeeded(four)).toEqual({ eligible: 5, needed: 3 });
  expect(votesNeeded(two)).toEqual({ eligible: 3, needed: 2 });
  expect(kind(four, ["down", "none"], [])).not.toBe("condemned");
  expect(kind(four, ["down", "down"], [])).not.toBe("condemned");
  expect(kind(four, ["down", "none"], ["down", "down", "down"])).toBe("condemned");
  expect(kind(two, ["down", "none"], [])).not.toBe("condemned");
  expect(kind(two, ["down", "down"], [])).toBe("condemned");
  expect(kind(two, ["down", "none"], ["down"])).toBe("condemned");
});

test("an unconfirmed suspicion is no vote, and an observer or a peer that is not of this fleet has none", () => {
  const fleet = fleetOf({ nodes: 2 });
  const facts = factsOf(fleet, { observers: ["down", "none"], peers: [], self: false, kinds: [], network: "live", validatorSilent: false });
  const [one, two] = fleet.regions.observers;
  const more = (extra: Verdict) => judgeQuorum({ ...facts, observers: [...facts.observers, extra] }).kind;
  expect(more(verdict(two ?? "", "dead", NOW_MS, false))).toBe("undecided");
  expect(more(verdict("eu-west-1", "dead", NOW_MS))).toBe("undecided");
  expect(more(verdict(one ?? "", "dead", NOW_MS + 1))).toBe("undecided");
  const stranger = { peer: "n9", heardMsAgo: 0, view: view(true, 0) };
  const itself = { peer: SUBJECT as string, heardMsAgo: 0, view: view(true, 0) };
  expect(judgeQuorum({ ...facts, peers: [stranger, itself] }).kind).toBe("undecided");
  expect(more(verdict(two ?? "", "dead", NOW_MS))).toBe("condemned");
});

test("only a block by the subject, at another node, in a later slot than the suspicion is proof of life", () => {
  const slots = { kind: "time" as const, genesisTime: 0, seconds: 1 };
  const signer = `0x${"1".repeat(40)}`;
  const head = (timestampS: number, by = signer) => ({ height: 5, timestampS, signer: by });
  const proof = (node: string, block: ReturnType<typeof head>, newestSlotBefore = -1) =>
    proofOfLife({ subject: SUBJECT, signer, heads: [{ node, head: block }], slots, suspectedAtWallMs: 100_500, newestSlotBefore });
  expect(proof("n2", head(101))).toMatchObject({ node: "n2", slot: 101 });
  expect(proof("n2", head(100))).toBeNull();
  expect(proof("n2", head(101, `0x${"2".repeat(40)}`))).toBeNull();
  expect(proof(SUBJECT, head(101))).toBeNull();
  // A watcher whose clock is behind had seen this very block before it began to suspect.
  expect(proof("n2", head(101), 101)).toBeNull();
});
