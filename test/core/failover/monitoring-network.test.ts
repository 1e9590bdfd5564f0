/** Nodes measured by each other: what one can and cannot do to the verdict on another. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeNetwork, type Sightline } from "../../../core/failover/monitoring-system/network-state.ts";
import { outdatedRole, readmit } from "../../../core/failover/monitoring-system/readmission.ts";
import { judgeValidator } from "../../../core/failover/monitoring-system/validator-silence.ts";
import type { AgentRole } from "../../../core/kernel/agent-protocol.ts";
import type { NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import { answer, CADENCE_MS, malformed, Observer, RULES, refused, silent } from "../../support/detector-rig.ts";

const NODES = ["n1", "n2", "n3", "n4"];
const others = (rogue: string) => NODES.filter((node) => node !== rogue);
const anyNode = fc.constantFrom(...NODES);

test("one rogue node, whatever height and branch it tells, changes nobody else's verdict", () => {
  const told = fc.record({ height: fc.integer({ min: 0, max: 2 ** 40 }), branch: fc.constantFrom("main", "other") });
  fc.assert(
    fc.property(anyNode, fc.array(told, { minLength: 1, maxLength: 30 }), (rogue, script) => {
      const observer = new Observer(NODES);
      observer.run(10);
      for (const { height, branch } of script) {
        const verdicts = observer.tick({ [rogue]: answer(height, { branch, referenceHeight: observer.referenceHeight }) });
        for (const node of others(rogue)) expect(verdicts[node]).toMatchObject({ kind: "healthy", confirmed: true });
      }
    }),
  );
});

test("a lost, late or broken probe of one node changes no other's verdict", () => {
  const lost = fc.constantFrom(undefined, silent, refused, malformed);
  const heights = fc.array(fc.record({ n1: fc.nat(9), n2: fc.nat(9), n3: fc.nat(9), n4: fc.nat(9) }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(anyNode, lost, heights, (unlucky, outcome, script) => {
      const [whole, without] = [new Observer(NODES), new Observer(NODES)];
      const behind = (steps: Record<string, number>, observer: Observer) =>
        Object.fromEntries(
          NODES.map((node) => [node, answer(Math.max(0, observer.height + 1 - (steps[node] ?? 0)), { referenceHeight: observer.referenceHeight })]),
        );
      for (const observer of [whole, without]) {
        observer.run(10);
        for (const steps of script) observer.tick(behind(steps, observer));
      }
      const last = { n1: 0, n2: 0, n3: 0, n4: 0 };
      const expected = whole.tick(behind(last, whole));
      const found = without.tick({ ...behind(last, without), [unlucky]: outcome });
      for (const node of others(unlucky)) expect(found[node]).toMatchObject({ kind: expected[node]?.kind, confirmed: expected[node]?.confirmed });
    }),
  );
});

test("a network whose heads all stand still is halted, and no node in it is stalled, lagging or slow", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), (ticks) => {
      const observer = new Observer(NODES);
      observer.run(15);
      for (let still = 0; still < ticks; still += 1) {
        for (const verdict of Object.values(observer.tick({}, 0))) expect(verdict).toMatchObject({ kind: "healthy", confirmed: true });
      }
      expect(observer.network()).toBe(ticks * CADENCE_MS >= observer.comparison().stallLimitMs ? "halted" : "live");
    }),
  );
});

test("a node that stands still while the others go on lags first, and is stalled after the limit", () => {
  const observer = new Observer(NODES);
  observer.run(15);
  const stuck = answer(observer.height);
  const kinds = Array.from({ length: 12 }, () => observer.tick({ n2: stuck }).n2).map((verdict) => `${verdict?.kind} ${verdict?.confirmed}`);
  expect(kinds).toContain("lagging true");
  expect(kinds.at(-1)).toBe("stalled true");
  expect(observer.network()).toBe("live");
});

test("a node on another branch at the reference height is forked after two looks; in an even split nobody is", () => {
  const observer = new Observer(NODES);
  observer.run(10);
  const astray = () => answer(observer.height + 1, { branch: "other", referenceHeight: observer.referenceHeight });
  expect(observer.tick({ n3: astray() }).n3).toMatchObject({ kind: "forked", confirmed: false });
  expect(observer.tick({ n3: astray() }).n3).toMatchObject({ kind: "forked", confirmed: true });
  const split = new Observer(NODES);
  split.run(10);
  for (let tick = 0; tick < 5; tick += 1) {
    const other = () => answer(split.height + 1, { branch: "other", referenceHeight: split.referenceHeight });
    for (const verdict of Object.values(split.tick({ n3: other(), n4: other() }))) expect(verdict.kind).toBe("healthy");
  }
});

test("far ahead of what anyone else has is lying; with two nodes nobody can tell who", () => {
  const observer = new Observer(NODES);
  observer.run(10);
  const ahead = (of: Observer) => answer(of.height + 1 + 2 * RULES.lagBlocksMax + 1);
  observer.tick({ n4: ahead(observer) });
  expect(observer.tick({ n4: ahead(observer) }).n4).toMatchObject({ kind: "lying", confirmed: true });
  const pair = new Observer(["n1", "n2"]);
  pair.run(10);
  for (let tick = 0; tick < 5; tick += 1) expect(pair.tick({ n2: ahead(pair) })).toMatchObject({ n1: { kind: "healthy" }, n2: { kind: "healthy" } });
});

test("a leader whose only companion is lost from sight for a moment is not called a liar", () => {
  const observer = new Observer(NODES);
  observer.run(10);
  const stuck = answer(observer.height);
  for (let tick = 0; tick < 10; tick += 1) observer.tick({ n3: stuck, n4: stuck });
  for (let lost = 0; lost < 3; lost += 1) expect(observer.tick({ n2: undefined, n3: stuck, n4: stuck }).n1).toMatchObject({ kind: "healthy" });
});

test("a silent validator is told apart from a network in which none asks", () => {
  const asking = (ages: (number | null)[]) => ages.map((askedMsAgo, index) => ({ node: NODES[index] ?? "", askedMsAgo }));
  const judged = (ages: (number | null)[]) => judgeValidator({ subject: "n1", asking: asking(ages), limitMs: 3_000 }).kind;
  expect(judged([3_000, 100, 100, null])).toBe("silent");
  expect(judged([2_999, 100, 100, 100])).toBe("asking");
  expect(judged([9_000, 9_000, 9_000, null])).toBe("unknown");
  expect(judged([null, 100, 100, 100])).toBe("unknown");
});

test("the network is partitioned only where no sight, in either direction, joins the groups", () => {
  const observer = new Observer(NODES);
  observer.run(10);
  const pairs = NODES.flatMap((from) => NODES.filter((to) => to !== from).map((to) => [from, to] as const));
  const state = (sightlines: Sightline[], heads = observer.comparison()) =>
    judgeNetwork({ comparison: heads, fleetSize: 4, sightlines, nowMs: observer.at().nowMs }).state;
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: pairs.length, maxLength: pairs.length }), (seen) => {
      const lines = pairs.map(([from, to], index) => ({ from, to, reachable: seen[index] ?? false }));
      const joined = new Set([NODES[0]]);
      for (let round = 0; round < NODES.length; round += 1) {
        for (const { from, to, reachable } of lines) if (reachable && (joined.has(from) || joined.has(to))) joined.add(from).add(to);
      }
      expect(state(lines)).toBe(joined.size === NODES.length ? "live" : "partitioned");
    }),
  );
  expect(state([])).toBe("live");
  // A host that died is seen by none, and says nothing: that is not the other side of a partition.
  const dead = pairs.filter(([from]) => from !== "n1").map(([from, to]) => ({ from, to, reachable: to !== "n1" }));
  expect(state(dead)).toBe("live");
  expect(state([...dead, { from: "n1", to: "n2", reachable: false }])).toBe("partitioned");
  expect(state([], { ...observer.comparison(), heads: observer.comparison().heads.slice(0, 2) })).toBe("unknown");
});

const role = (facts: Partial<AgentRole>): AgentRole => ({
  role: "primary" as RoleName,
  epoch: 0,
  fencedThrough: 0,
  watermark: -1,
  throughSlot: -1,
  grant: null,
  askedMsAgo: null,
  ...facts,
});
const lease = { role: "primary", holder: "n2", epoch: 3 } as Lease;

test("an agent acts for an outdated role until it refuses that epoch, and a node that never held it does not", () => {
  expect(outdatedRole("n1", [role({ epoch: 2 })], [lease])).toEqual({ role: "primary", epoch: 2 });
  expect(outdatedRole("n1", [role({ epoch: 2, fencedThrough: 2 })], [lease])).toBeNull();
  expect(outdatedRole("n1", [role({})], [lease])).toBeNull();
  expect(outdatedRole("n2", [role({ epoch: 3 })], [lease])).toBeNull();
});

test("a node is readmitted only when every condition holds", () => {
  const observer = new Observer(NODES);
  observer.run(15);
  const own = observer.verdict("n1");
  const facts = {
    standing: { node: "n1" as NodeId, standing: "out" as const, sinceMs: 0, incident: null, reason: "condemned" },
    own,
    others: [],
    agentRoles: [role({})],
    leases: [lease],
    rules: RULES,
    nowWallMs: own.atMs,
  };
  expect(readmit(facts).kind).toBe("readmit");
  expect(readmit({ ...facts, standing: { ...facts.standing, standing: "member" } }).kind).toBe("nothing");
  const spoiled = [
    { own: { ...own, kind: "lagging" as const } },
    { own: { ...own, confirmed: false } },
    { own: { ...own, flapPenalty: 1_000 } },
    { own: { ...own, lagBlocks: RULES.lagBlocksMax + 1 } },
    { own: { ...own, lagBlocks: null } },
    { own: { ...own, sinceMs: own.atMs - 9_999 } },
    { others: [{ ...own, kind: "dead" as const }] },
    { agentRoles: null },
    { agentRoles: [role({ epoch: 2 })] },
  ];
  for (const spoil of spoiled) expect(readmit({ ...facts, ...spoil })).toMatchObject({ kind: "wait" });
});
