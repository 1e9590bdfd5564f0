/** A candidate is judged on rows that it could not know, and what is too thin to train on is said and not tried. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SIGNALS } from "../../../../core/kernel/signals.ts";
import { weighCandidate } from "../../../../core/prediction/predictive-model/candidate.ts";
import { readModel } from "../../../../core/prediction/predictive-model/model-file.ts";
import { type NodeRecord, nodeModelSettings, piecesOf, ROWS_MIN, WINDOW_ROWS } from "../../../../core/prediction/predictive-model/node-history.ts";
import { publicationOf } from "../../../../core/prediction/predictive-model/publication.ts";
import { leakingLives } from "../../../../localstack/rehearsal/leaking-lives.ts";
import { HOME } from "../../../support/record-samples.ts";

const CADENCE = { stepMs: 300_000, horizonMs: 3_600_000 };
const UNTIL_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const FULL = nodeModelSettings(CADENCE);
/** The laws hold whatever the size. */
const SMALL = { ...FULL, rowsMax: 3_000, failure: { ...FULL.failure, treesMax: 30 }, life: { ...FULL.life, treesMax: 30 } };
const WEEK_STEPS = (7 * DAY_MS) / CADENCE.stepMs;

const lives = (days: number, seed: number): NodeRecord[] =>
  leakingLives({
    nodes: ["n1", "n2", "n3", "n4"],
    stepMs: CADENCE.stepMs,
    horizonSteps: 12,
    rows: (days * DAY_MS) / CADENCE.stepMs,
    untilMs: UNTIL_MS,
    seed,
  });
const weigh = (records: readonly NodeRecord[]) => {
  const pieces = records.flatMap((record) => piecesOf(record, CADENCE));
  return weighCandidate({ pieces, settings: SMALL, weekSteps: WEEK_STEPS, live: null });
};

describe("the pieces of a node's history", () => {
  it("judge each row that has half a window behind it in one life exactly once, and no row of silence", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.nat(1_000), (rows, seed) => {
        const [record] = leakingLives({ nodes: ["n1"], stepMs: CADENCE.stepMs, horizonSteps: 12, rows, untilMs: UNTIL_MS, seed });
        const pieces = piecesOf(record ?? expect.unreachable(), CADENCE);
        const judged = pieces.flatMap(({ steps }) => Array.from(steps).slice(ROWS_MIN));
        expect(new Set(judged).size).toBe(judged.length);
        const errors = record?.history.columns.get("errorShare") ?? expect.unreachable();
        let since = 0;
        const expected = Array.from(errors, (share, at) => {
          since = share >= 1 ? 0 : since + 1;
          return since > ROWS_MIN ? [Math.floor((record?.history.timesMs[at] ?? 0) / CADENCE.stepMs)] : [];
        }).flat();
        expect(judged).toEqual(expected);
        for (const { steps, columns } of pieces) {
          expect(steps.length).toBeLessThanOrEqual(WINDOW_ROWS);
          expect(columns).toHaveLength(SIGNALS.length);
          expect(columns[SIGNALS.indexOf("errorShare")]?.some((share) => share >= 1)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("hold nothing from before or after the time in which it is known whether the node failed", () => {
    const [record] = lives(3, 1);
    const known = { knownFromMs: UNTIL_MS - 2 * DAY_MS, knownUntilMs: UNTIL_MS - DAY_MS };
    const steps = piecesOf({ ...(record ?? expect.unreachable()), ...known }, CADENCE).flatMap((piece) => Array.from(piece.steps));
    expect(Math.min(...steps) * CADENCE.stepMs).toBeGreaterThanOrEqual(known.knownFromMs - CADENCE.stepMs);
    expect(Math.max(...steps) * CADENCE.stepMs).toBeLessThanOrEqual(known.knownUntilMs);
  });
});

describe("a candidate", () => {
  it("is the same whatever came after the weeks it was trained on, and what is published of it reads back as it is", () => {
    const records = lives(14, 2);
    const weighed = weigh(records);
    if (weighed.kind === "thin") return expect.unreachable(weighed.reason);
    const cutMs = (weighed.untilStep + 1) * CADENCE.stepMs;
    const altered = records.map((record) => {
      const memory = record.history.columns.get("nodeMemoryShare") ?? expect.unreachable();
      const changed = memory.map((share, at) =>
        (record.history.timesMs[at] ?? 0) > cutMs + CADENCE.horizonMs + CADENCE.stepMs ? share * 0.5 : share,
      );
      return { ...record, history: { ...record.history, columns: new Map([...record.history.columns, ["nodeMemoryShare", changed] as const]) } };
    });
    const again = weigh(altered);
    if (again.kind === "thin") return expect.unreachable(again.reason);
    expect(again.model).toEqual(weighed.model);
    expect(again.evaluation.brier).not.toBe(weighed.evaluation.brier);
    const facts = { cadence: CADENCE, atMs: UNTIL_MS, nodes: 4, region: HOME, reason: "better" };
    const { file, pointer } = publicationOf(weighed, facts);
    expect(readModel(file)).toMatchObject({ kind: "read", sha256: pointer.sha256, record: { trainedAtMs: UNTIL_MS } });
    expect(pointer.untilMs).toBeLessThanOrEqual(UNTIL_MS - 4 * DAY_MS);
  });

  it("is not trained where the rows that calibrate it have no fault", () => {
    const from = UNTIL_MS - (14 - (14 * 2 * 0.7) / 3) * DAY_MS;
    const to = UNTIL_MS - (14 / 3 - 0.1) * DAY_MS;
    const records = lives(14, 2).map((record) => ({ ...record, failedAtMs: record.failedAtMs.filter((atMs) => atMs < from || atMs > to) }));
    expect(weigh(records)).toMatchObject({ kind: "thin", reason: expect.stringContaining("one outcome") });
  });

  it("is not trained on nothing", () => {
    expect(weigh([])).toMatchObject({ kind: "thin" });
  });
});
