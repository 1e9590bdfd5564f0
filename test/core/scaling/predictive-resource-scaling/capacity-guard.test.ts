/** What the guard lets go never breaks quorum, zones or archives that held. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseRemovals, type GuardedNode, type GuardRule } from "../../../../core/scaling/predictive-resource-scaling/capacity-guard.ts";

const anyNodes = fc
  .array(
    fc.record({
      role: fc.constantFrom("standby", "primary", "validator"),
      zone: fc.constantFrom("a", "b", "c"),
      hasArchive: fc.boolean(),
      isReady: fc.boolean(),
      isHeld: fc.boolean(),
    }),
    { maxLength: 14 },
  )
  .map((nodes) => nodes.map((node, index): GuardedNode => ({ id: `node-${index}`, ...node })));
const anyRule: fc.Arbitrary<GuardRule> = fc.record({
  removableRoles: fc.constant(["standby", "validator"]),
  quorumNodes: fc.integer({ min: 0, max: 8 }),
  zonesMin: fc.integer({ min: 0, max: 3 }),
  archivesMin: fc.integer({ min: 0, max: 4 }),
  archiveZonesMin: fc.integer({ min: 0, max: 3 }),
});

type Count = { ready: number; zones: number; archives: number; archiveZones: number };
function count(nodes: readonly GuardedNode[]): Count {
  const ready = nodes.filter(({ isReady }) => isReady);
  const archives = ready.filter(({ hasArchive }) => hasArchive);
  const zones = (of: readonly GuardedNode[]): number => new Set(of.map(({ zone }) => zone)).size;
  return { ready: ready.length, zones: zones(ready), archives: archives.length, archiveZones: zones(archives) };
}

describe("the guard of scaling in", () => {
  it("keeps quorum, zones and archives after every single removal, in any sequence of losses and requests", () => {
    fc.assert(
      fc.property(
        anyNodes,
        anyRule,
        fc.array(fc.record({ asked: fc.nat({ max: 5 }), lost: fc.nat({ max: 20 }) }), { maxLength: 5 }),
        (nodes, rule, turns) => {
          let left = nodes;
          for (const { asked, lost } of turns) {
            left = left.map((node, index) => (index === lost ? { ...node, isReady: false } : node));
            const { remove, keep } = chooseRemovals(left, rule, asked);
            expect(remove.length).toBeLessThanOrEqual(asked);
            expect([...remove, ...keep].map(({ id }) => id).toSorted()).toEqual(left.map(({ id }) => id).toSorted());
            for (const { id } of remove) {
              const gone = left.find((node) => node.id === id);
              const before = count(left);
              left = left.filter((node) => node.id !== id);
              const after = count(left);
              expect(gone?.isHeld).toBe(false);
              expect(gone?.role).not.toBe("primary");
              expect(after.ready).toBeGreaterThanOrEqual(Math.min(before.ready, rule.quorumNodes));
              expect(after.zones).toBeGreaterThanOrEqual(Math.min(before.zones, rule.zonesMin));
              expect(after.archives).toBeGreaterThanOrEqual(Math.min(before.archives, rule.archivesMin));
              expect(after.archiveZones).toBeGreaterThanOrEqual(Math.min(before.archiveZones, rule.archiveZonesMin));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("lets the unready go first, then the fullest zone's, and an archive last", () => {
    const node = (id: string, zone: string, more: Partial<GuardedNode> = {}): GuardedNode => ({
      id,
      zone,
      role: "standby",
      hasArchive: false,
      isReady: true,
      isHeld: false,
      ...more,
    });
    const nodes = [node("a1", "a", { hasArchive: true }), node("a2", "a"), node("b1", "b"), node("a3", "a"), node("b2", "b", { isReady: false })];
    const rule = { removableRoles: ["standby"], quorumNodes: 2, zonesMin: 2, archivesMin: 1, archiveZonesMin: 1 };
    const { remove, keep } = chooseRemovals(nodes, rule, 9);
    expect(remove.map(({ id }) => id)).toEqual(["b2", "a2", "a3"]);
    expect(keep).toEqual([
      { id: "b1", reason: "1 ready nodes would be left and a quorum is 2" },
      { id: "a1", reason: "1 ready nodes would be left and a quorum is 2" },
    ]);
  });
});
