/** A node that was enrolled leaves when it is gone, or when it holds nothing and enough stay. */
import { describe, expect, it } from "vitest";
import type { IncidentId, RoleName } from "../../../../core/kernel/ids.ts";
import { decideRemoval, type RemovalFacts } from "../../../../core/scaling/adaptive-resource-allocation/enrolment-removal.ts";
import { entered, NOW_MS } from "../../../support/enrolment-facts.ts";

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
