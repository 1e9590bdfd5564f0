/** `ha model`: what is live, what it is worth, whether it is listened to, and what came of each candidate. */
import { describe, expect, it } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import type { LiveModel, ModelCandidate, ModelEvaluation, ModelPointer } from "../../core/kernel/live-model.ts";
import { HOME, NOW_MS, node, openRig } from "./rig.ts";

const DAY_MS = 86_400_000;
const evaluation: ModelEvaluation = {
  brier: 0.031,
  brierBaseRate: 0.1,
  brierBestBaseline: 0.035,
  baselines: { "base rate": 0.1, "last values": 0.04, thresholds: 0.044, "logistic regression": 0.035 },
  calibrationError: 0.012,
  rows: 4_000,
  failures: 21,
  level: 0.43,
  precision: 0.78,
  recall: 0.83,
  leadMsMedian: 1_500_000,
};
const live: ModelPointer = {
  version: "20261120t000000-0123abcd",
  region: HOME,
  key: "models/v1/20261120t000000-0123abcd.model",
  sha256: "0".repeat(64),
  trainedAtMs: NOW_MS - 4 * DAY_MS,
  fromMs: NOW_MS - 60 * DAY_MS,
  untilMs: NOW_MS - 32 * DAY_MS,
  nodes: 4,
  rows: 20_000,
  failures: 60,
  stepMs: 60_000,
  horizonMs: 3_600_000,
  evaluation,
  promotedAtMs: NOW_MS - 4 * DAY_MS,
  reason: "Brier 0.0310 against 0.0400 of the live one, better in 4 of 4 weeks",
  drift: { kind: "steady", reason: "features with 2 % of the model's gain have moved", atMs: NOW_MS - 3_600_000 },
};
const candidateOf = (more: Partial<ModelCandidate>): ModelCandidate => ({
  atMs: NOW_MS - 3_600_000,
  version: "20261124t000000-ffff0000",
  decision: "kept",
  reason: "Brier 0.0330 against 0.0310 of the live one on the newest weeks",
  evaluation: { ...evaluation, brier: 0.033 },
  beside: { version: live.version, brier: 0.031 },
  ...more,
});

type Rig = ReturnType<typeof openRig>;
const write = async ({ registry }: Rig, record: LiveModel) => await registry.write("liveModel", "live", record, "any");
async function foretold({ registry }: Rig, id: string, model: string | null, reason: string): Promise<void> {
  const latest = { probability: 0.02, level: "calm" as const, by: "exhaustion" as const, model, reason, atMs: NOW_MS };
  await registry.write("foreseen", id, { node: node(id), latest, calmSinceMs: null, open: [] }, "any");
}

describe("ha model show", () => {
  it("puts the model's score among those of its baselines, the best first, and says that it may speak, and of whom it was asked", async () => {
    const rig = openRig();
    await write(rig, { live, candidates: [] });
    await foretold(rig, "n1", live.version, "calm");
    await foretold(rig, "n2", null, "its memory: no line; no model was asked: 12 rows are known");
    const { code, out } = await rig.ha("model", "show");
    expect(code).toBe(EXIT.ok);
    expect(out.indexOf("this model")).toBeLessThan(out.indexOf("logistic regression"));
    expect(out.indexOf("logistic regression")).toBeLessThan(out.indexOf("base rate"));
    for (const said of [
      live.version,
      "it may speak",
      "precision 78 %, recall 83 %",
      "60 faults",
      "asked of 1 of 2 nodes",
      "not asked of n2: 12 rows are known",
    ])
      expect(out).toContain(said);
  });

  it("says that it may not speak once it has drifted or is too old, by the words of the gate", async () => {
    const rig = openRig();
    await write(rig, {
      live: { ...live, drift: { kind: "drifted", reason: "features with 60 % of the model's gain have moved", atMs: NOW_MS } },
      candidates: [],
    });
    expect((await rig.ha("model", "show")).out).toMatch(/it may not speak: thresholds decide: features with 60 %/);
    await write(rig, { live: { ...live, trainedAtMs: NOW_MS - 40 * DAY_MS }, candidates: [] });
    expect((await rig.ha("model", "show")).out).toMatch(/it may not speak: thresholds decide: the model is 40 days old/);
  });

  it("says why none is live, and gives a program the same", async () => {
    const rig = openRig();
    expect((await rig.ha("model", "show")).out).toContain("none was trained yet");
    await write(rig, {
      live: null,
      candidates: [candidateOf({ decision: "thin", version: null, reason: "3 failures are known", beside: null, evaluation: null })],
    });
    expect((await rig.ha("model", "show")).out).toContain("thin: 3 failures are known");
    expect(JSON.parse((await rig.ha("model", "show", "--json")).out)).toMatchObject({ ok: true, schema: 1, live: null, decision: null });
  });
});

describe("ha model compare", () => {
  it("shows each candidate beside the model that was live at its time", async () => {
    const rig = openRig();
    expect((await rig.ha("model", "compare")).out).toContain("No candidate was trained yet");
    await write(rig, { live, candidates: [candidateOf({})] });
    const { out } = await rig.ha("model", "compare");
    for (const said of ["20261124t000000-ffff0000", "kept", "0.0330", live.version, "0.0310", "0.1000"]) expect(out).toContain(said);
    expect(JSON.parse((await rig.ha("model", "compare", "--json")).out)).toMatchObject({ live: live.version, candidates: [{ decision: "kept" }] });
  });
});

describe("ha model train", () => {
  it("asks on the bus with the name of who asks, and ends by what came of it", async () => {
    for (const [decision, exit] of [
      ["promoted", EXIT.ok],
      ["kept", EXIT.ok],
      ["thin", EXIT.failed],
      ["failed", EXIT.failed],
    ] as const) {
      const rig = openRig();
      await write(rig, { live, candidates: [candidateOf({ atMs: NOW_MS - DAY_MS })] });
      const publish: Rig["bus"]["publish"] = async (...said) => {
        await rig.bus.publish(...said);
        await write(rig, { live, candidates: [candidateOf({ decision, atMs: NOW_MS })] });
      };
      Object.assign(rig.operations, { bus: { publish } });
      const { code, out } = await rig.ha("model", "train");
      expect([decision, code]).toEqual([decision, exit]);
      expect(out).toContain("20261124t000000-ffff0000");
      expect(rig.bus.published).toMatchObject([{ name: "prediction.training-requested", detail: { requestedBy: "anna", fleet: "rehearsal" } }]);
    }
  });

  it("returns at once with --no-wait, and says that it is unfinished when the time to wait is over", async () => {
    const rig = openRig();
    expect(await rig.ha("model", "train", "--no-wait")).toMatchObject({ code: EXIT.ok });
    expect(await rig.ha("model", "train", "--timeout", "0")).toMatchObject({
      code: EXIT.unfinished,
      err: expect.stringContaining("ha model compare"),
    });
  });
});
