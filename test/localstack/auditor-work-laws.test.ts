/** The auditor of traded work tells each thing that can be wrong, and nothing of a trade that goes well. */
import { expect, test } from "vitest";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { WorkItem } from "../../core/kernel/work-trade.ts";
import { type Desk, newDesk } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import type { SeenHost } from "../../localstack/auditor/see-work.ts";
import { auditWork } from "../../localstack/auditor/work-laws.ts";

const [A, B] = ["a", "b"] as [NodeId, NodeId];
const item: WorkItem = { id: "w1", units: 5, version: 1 };
const host = (node: NodeId, desk: Partial<Desk>, servedIds: string[] = []): SeenHost => ({
  node,
  desk: { ...newDesk(node, 100, 1_000), ...desk },
  servedIds,
});
const giving = { to: B, sequence: 7, items: [item], sinceMs: 1 };
const taken = { answered: { [A]: { sequence: 7, outcome: "taken" as const } } };

test.each<[string, SeenHost[]]>([
  ["on one desk, and served there", [host(A, { work: [item] }, ["w1"]), host(B, {})]],
  ["on one desk, and not served yet", [host(A, { work: [item] }), host(B, {})]],
  ["given, and not taken yet", [host(A, { giving }), host(B, {})]],
  ["given and taken, and the giver has not heard of it", [host(A, { giving }), host(B, { work: [item], ...taken }, ["w1"])]],
])("an item that is %s is no fault", (_where, seen) => {
  expect(auditWork(seen, ["w1"])).toEqual([]);
});

test.each<[string, string, SeenHost[]]>([
  ["one-owner", "on two desks", [host(A, { work: [item] }), host(B, { work: [item] })]],
  ["one-owner", "given, and still on the giver's desk", [host(A, { work: [item], giving }), host(B, {})]],
  ["one-owner", "nowhere", [host(A, {}), host(B, {})]],
  ["one-owner", "taken and lost by the taker", [host(A, { giving }), host(B, taken)]],
  ["one-server", "served by two", [host(A, { work: [item] }, ["w1"]), host(B, {}, ["w1"])]],
  ["own-work", "served by one that has given it away", [host(A, { giving }, ["w1"]), host(B, {})]],
])("%s: an item that is %s is a fault", (law, _where, seen) => {
  expect(auditWork(seen, ["w1"]).map((violation) => violation.law)).toContain(law);
});
