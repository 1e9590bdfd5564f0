import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NodeId, RoleName } from "../../../../core/kernel/ids.ts";
import { Foreseen, type Level, Level as Levels, type OutcomeKind, type Prediction } from "../../../../core/kernel/prediction.ts";
import { type BookFacts, turnPage } from "../../../../core/prediction/automated-failover-orchestration/book.ts";
import { adjustLevels, countEpisodes, levelOf } from "../../../../core/prediction/automated-failover-orchestration/levels.ts";

const START_MS = 1_767_225_600_000;
const HORIZON_MS = 3_600_000;
const MINUTE_MS = 60_000;
const CHANCES: Readonly<Record<Level, number>> = { calm: 0.01, warn: 0.4, drain: 0.7, "hand-over": 0.95 };

type Look = { readonly level: Level; readonly state: "well" | "failed" | "unknown"; readonly moved?: boolean };

function facts({ level, state, moved = false }: Look, nowMs: number): BookFacts {
  return {
    node: NodeId.parse("n1"),
    role: RoleName.parse("primary"),
    estimate: { probability: CHANCES[level], by: "exhaustion", model: null, features: { nodeMemoryShare: 0.5 }, reason: `it is ${level}` },
    level,
    looksWell: level === "calm",
    failure: { kind: state, reason: `us-east-1 calls it ${state}` },
    hasMoved: moved,
    horizonMs: HORIZON_MS,
    nowMs,
  };
}

function turn(looks: readonly Look[], everyMs = MINUTE_MS) {
  let foreseen: Foreseen | null = null;
  const scored: Prediction[] = [];
  const made: Prediction[] = [];
  looks.forEach((look, index) => {
    const turned = turnPage(foreseen, facts(look, START_MS + index * everyMs));
    foreseen = turned.foreseen;
    scored.push(...turned.scored);
    if (turned.made) made.push(turned.made);
  });
  return { foreseen: foreseen as Foreseen | null, scored, made, outcomes: scored.map(({ level, outcome }) => `${level} ${outcome?.kind}`) };
}

const times = (count: number, look: Look): Look[] => Array.from({ length: count }, () => look);
const calm: Look = { level: "calm", state: "well" };
const warn: Look = { level: "warn", state: "well" };
const dead: Look = { level: "hand-over", state: "failed" };

describe("the book of predictions", () => {
  const anyLooks = fc.array(
    fc.record({ level: fc.constantFrom(...Levels.options), state: fc.constantFrom("well", "well", "failed", "unknown"), moved: fc.boolean() }),
    { maxLength: 300 },
  );

  it("scores every entry exactly once, and never later than a horizon after it was made or its role had moved, and one look", () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const { scored, made, foreseen } = turn(looks as Look[]);
        const ids = [...scored, ...(foreseen?.open ?? [])].map(({ id }) => id);
        expect(ids.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
        expect(new Set(ids).size).toBe(ids.length);
        for (const { madeAtMs, movedAtMs, horizonMs, outcome } of scored) {
          expect((outcome?.atMs ?? 0) - Math.max(madeAtMs, movedAtMs ?? 0)).toBeLessThanOrEqual(horizonMs + MINUTE_MS);
        }
        if (foreseen !== null) expect(Foreseen.safeParse(foreseen).success).toBe(true);
      }),
    );
  });

  it("never changes what was said: probability, level, features and time of an entry stay as they were made", () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const { scored, made } = turn(looks as Look[]);
        for (const { id, probability, level, features, madeAtMs } of scored) {
          expect(made.find((each) => each.id === id)).toMatchObject({ probability, level, features, madeAtMs });
        }
      }),
    );
  });

  it("counts a fault that was warned of as a hit, with the time from the first warning", () => {
    const { scored } = turn([calm, ...times(10, warn), dead]);
    expect(scored.find(({ level }) => level === "warn")?.outcome).toMatchObject({ kind: "hit", leadMs: 10 * MINUTE_MS });
  });

  it("counts a fault of which nothing warned as a miss, and one whose role had moved as prevented", () => {
    expect(turn([...times(5, calm), { level: "calm", state: "failed" }]).outcomes).toEqual(["calm miss"]);
    expect(turn([...times(5, warn), { ...warn, moved: true }, dead]).outcomes).toEqual(["warn prevented"]);
    expect(turn([...times(5, warn), { ...dead, moved: true }]).outcomes).toEqual(["warn hit"]);
  });

  it("counts a warning after which nothing failed as a false alarm, also where the role had moved", () => {
    expect(turn([warn, ...times(60, calm)]).outcomes).toContain("warn false-alarm");
    expect(turn([warn, { ...calm, moved: true }, ...times(60, calm)]).outcomes).toContain("warn false-alarm");
    expect(turn([warn, ...times(30, calm), { ...calm, moved: true }, ...times(50, calm)]).outcomes).not.toContain("warn false-alarm");
  });

  it("foretells nothing of a node that has failed, and begins anew when it is back", () => {
    const { foreseen, made } = turn([calm, dead, ...times(5, dead)]);
    expect(foreseen?.open).toEqual([]);
    expect(made).toHaveLength(1);
    expect(turn([calm, dead, calm]).made).toHaveLength(2);
  });

  it("says unknown of a node that nobody has seen, and no false alarm", () => {
    expect(turn([warn, ...times(61, { level: "calm", state: "unknown" })]).outcomes).toContain("warn unknown");
  });
});

describe("the levels", () => {
  const declared = { warn: 0.3, drain: 0.6, handOver: 0.8 };
  /** Each of an episode of its own. */
  const record = (right: number, wrong: number) =>
    [...Array.from({ length: right }, () => "hit" as const), ...Array.from({ length: wrong }, () => "false-alarm" as const)].map((kind, index) =>
      entryOf(kind, START_MS + index * 2 * HORIZON_MS),
    );
  const entryOf = (kind: OutcomeKind, madeAtMs: number) => ({
    node: NodeId.parse("n1"),
    madeAtMs,
    horizonMs: HORIZON_MS,
    level: "warn" as const,
    outcome: { kind, atMs: madeAtMs, leadMs: null, reason: "" },
  });

  it("count an episode once, whatever number of warnings it has, and as right where one of them was", () => {
    const climb = [0, 5, 10].map((minute) => entryOf("false-alarm", START_MS + minute * MINUTE_MS));
    expect(countEpisodes(climb)).toEqual({ right: 0, wrong: 1, missed: 0 });
    expect(countEpisodes([...climb, entryOf("prevented", START_MS + 15 * MINUTE_MS)])).toEqual({ right: 1, wrong: 0, missed: 0 });
    expect(countEpisodes([...climb, entryOf("hit", START_MS + 2 * HORIZON_MS), entryOf("miss", START_MS)])).toEqual({
      right: 1,
      wrong: 1,
      missed: 1,
    });
  });

  it("keep their order and stay below certainty, whatever the record", () => {
    fc.assert(
      fc.property(fc.nat(80), fc.nat(80), (right, wrong) => {
        const { levels } = adjustLevels(declared, record(right, wrong));
        expect(levels.warn < levels.drain && levels.drain < levels.handOver && levels.handOver < 1 && levels.warn > 0.2).toBe(true);
      }),
    );
  });

  it("rise with false alarms and fall with hits, never the other way", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), (right, wrong) => {
        const at = (more: number, worse: number) => adjustLevels(declared, record(right + more, wrong + worse)).levels.handOver;
        expect(at(0, 1)).toBeGreaterThanOrEqual(at(0, 0) - 1e-12);
        expect(at(1, 0)).toBeLessThanOrEqual(at(0, 0) + 1e-12);
      }),
    );
  });

  it("are not moved by one case, and are by twenty", () => {
    expect(adjustLevels(declared, record(0, 1)).levels).toEqual(declared);
    expect(adjustLevels(declared, record(0, 20)).levels.handOver).toBeGreaterThan(0.85);
    expect(adjustLevels(declared, record(40, 0)).levels.handOver).toBeLessThan(0.8);
  });

  it("name a probability by the highest that it reaches", () => {
    expect([0, 0.3, 0.6, 0.8, 1].map((each) => levelOf(each, declared))).toEqual(["calm", "warn", "drain", "hand-over", "hand-over"]);
  });
});
