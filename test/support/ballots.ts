/** Ballots on one node, for the laws of the quorum: who says what, and how the facts look that follow from it. */
import fc from "fast-check";
import type { QuorumFacts } from "../../core/failover/monitoring-system/quorum.ts";
import { rulesOf, verdictAgeMaxMs, wordAgeMaxMs } from "../../core/failover/monitoring-system/rules.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import { CONDEMNING, NetworkState, type Verdict, type VerdictKind } from "../../core/kernel/node.ts";
import { fleetOf } from "./fake-fleet-file.ts";

export const NOW_MS = 1_800_000_000_000;
export const SUBJECT = "n1" as NodeId;
const REGIONS = ["us-east-1", "us-west-2", "us-east-2"];
export const STILL_LIMIT_MS = 8_000;

export type Word = "none" | "up" | "down" | "stale";
export type Ballot = {
  observers: Word[];
  peers: Word[];
  self: boolean;
  kinds: VerdictKind[];
  network: QuorumFacts["network"];
  validatorSilent: boolean;
};

export function factsOf(fleet: Fleet, ballot: Ballot): QuorumFacts {
  const rules = rulesOf(fleet);
  const staleMs = { none: 0, up: 0, down: 0, stale: verdictAgeMaxMs(rules) + 1 };
  return {
    subject: SUBJECT,
    fleet,
    network: ballot.network,
    nowWallMs: NOW_MS,
    proofOfLife: null,
    stillLimitMs: STILL_LIMIT_MS,
    validator: ballot.validatorSilent ? { kind: "silent", reason: "it stopped asking" } : { kind: "asking", reason: "it asks" },
    self: ballot.self ? { kind: "refusing", heardMsAgo: 0 } : null,
    observers: fleet.regions.observers.flatMap((observer, index): Verdict[] => {
      const word = ballot.observers[index] ?? "none";
      if (word === "none") return [];
      const kind = word === "up" ? "healthy" : (ballot.kinds[index] ?? "unreachable");
      return [verdict(observer, kind, NOW_MS - staleMs[word])];
    }),
    peers: fleet.nodes.slice(1).flatMap(({ id }, index) => {
      const word = ballot.peers[index] ?? "none";
      if (word === "none") return [];
      return [{ peer: id, heardMsAgo: 0, view: view(word !== "up", word === "stale" ? wordAgeMaxMs(rules) + 1 : 0) }];
    }),
  };
}

export const verdict = (observer: string, kind: VerdictKind, atMs: number, confirmed = true): Verdict => ({
  observer: observer as Verdict["observer"],
  node: SUBJECT,
  kind,
  confirmed,
  sinceMs: atMs - 1_000,
  atMs,
  reason: "as arranged",
  head: 1,
  lagBlocks: 0,
  suspicion: 0,
  flapPenalty: 0,
  sightings: [],
});
export const view = (down: boolean, ageMs: number, stalledForMs = 0) => ({
  node: SUBJECT,
  reachable: !down,
  head: 1,
  agrees: down ? null : true,
  stalledForMs,
  ageMs,
  unreachableForMs: down ? 1_000 : 0,
});

const anyWord = fc.constantFrom<Word>("none", "up", "down", "stale");
export const anyFleet = fc
  .record({ nodes: fc.integer({ min: 2, max: 7 }), observers: fc.integer({ min: 1, max: 3 }) })
  .map(({ nodes, observers }) => fleetOf({ nodes, observers: REGIONS.slice(0, observers) }));
export const anyBallot = fc.record({
  observers: fc.array(anyWord, { minLength: 3, maxLength: 3 }),
  peers: fc.array(anyWord, { minLength: 6, maxLength: 6 }),
  self: fc.boolean(),
  kinds: fc.array(fc.constantFrom(...CONDEMNING), { minLength: 3, maxLength: 3 }),
  network: fc.constantFrom(...NetworkState.options),
  validatorSilent: fc.boolean(),
});
