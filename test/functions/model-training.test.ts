/** A model is trained on what a fleet lived through; it goes live only where it is better, and its file is there before it is named. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { openModel } from "../../adapters/history/read-model.ts";
import { VaultUnavailable } from "../../core/kernel/errors.ts";
import type { LiveModel } from "../../core/kernel/live-model.ts";
import type { VaultStore, World } from "../../core/kernel/ports.ts";
import { trainLiveModel } from "../../functions/prediction/training/training.ts";
import { copyOf, liveThrough, type ModelWorld, modelWorld } from "../support/model-world.ts";

const DAY_MS = 86_400_000;

async function recordOf({ registry }: ModelWorld): Promise<LiveModel> {
  const found = await registry.read("liveModel", "live");
  if (found.kind === "absent") throw new Error("nothing was written");
  return found.value;
}
let lived: ModelWorld;
let promoted: ModelWorld;
beforeAll(async () => {
  lived = modelWorld();
  await liveThrough(lived, { days: 14 });
  promoted = await copyOf(lived);
  expect(await trainLiveModel(promoted.world)).toMatchObject({ decision: "promoted" });
});
const trained = async (): Promise<ModelWorld> => await copyOf(promoted);

describe("training", () => {
  it("promotes a first model that beats every baseline on weeks it had not seen, and tells what it was worth", async () => {
    const of = await trained();
    const { live, candidates } = await recordOf(of);
    expect(candidates).toHaveLength(1);
    const { evaluation, untilMs, trainedAtMs, sha256, key, version } = live ?? expect.unreachable();
    expect(Object.values(evaluation.baselines).every((baseline) => evaluation.brier < baseline)).toBe(true);
    expect(evaluation.brierBestBaseline).toBeLessThan(evaluation.brierBaseRate);
    expect(evaluation.leadMsMedian).toBeGreaterThan(0);
    expect(trainedAtMs - untilMs).toBeGreaterThan(2 * DAY_MS);
    expect(key).toContain(version);
    expect(await openModel(of.store, { key, sha256 })).toMatchObject({ kind: "read", record: { trainedAtMs } });
  });

  it("keeps the live one where the same weeks give the same model again, and writes no second file", async () => {
    const of = await trained();
    const before = (await recordOf(of)).live;
    await of.clock.sleep(60_000);
    expect(await trainLiveModel(of.world)).toMatchObject({ decision: "kept" });
    const { live, candidates } = await recordOf(of);
    expect({ ...live, drift: null }).toEqual({ ...before, drift: null });
    expect(live?.drift.kind).toBe("steady");
    expect(candidates[0]).toMatchObject({ decision: "kept", beside: { version: before?.version } });
    expect(await of.store.list("models/", { limit: 10 })).toHaveLength(1);
  });

  it("takes the place of a live one whose file is gone, and says what that counted for", async () => {
    const of = await trained();
    const { live } = await recordOf(of);
    await of.store.remove(live?.key ?? "");
    await of.clock.sleep(60_000);
    expect(await trainLiveModel(of.world)).toMatchObject({ decision: "promoted", reason: expect.stringContaining("is not in") });
    expect((await recordOf(of)).live?.version).not.toBe(live?.version);
  });

  it("takes the place of one that looks ahead by another cadence, whatever it scores", async () => {
    const of = await trained();
    const { live, candidates } = await recordOf(of);
    if (live === null) return expect.unreachable();
    const other = { ...live, stepMs: live.stepMs / 5, horizonMs: live.horizonMs / 5 };
    await of.registry.write("liveModel", "live", { live: other, candidates }, "any");
    await of.clock.sleep(60_000);
    expect(await trainLiveModel(of.world)).toMatchObject({ decision: "promoted", reason: expect.stringContaining("another horizon or cadence") });
  });

  it("promotes nothing over a live one that cannot be read just now, and trains nothing", async () => {
    const of = await trained();
    const { live } = await recordOf(of);
    const away: VaultStore["get"] = async () => {
      throw new VaultUnavailable({ vault: "history", action: "get", cause: "timeout" });
    };
    const world: World = { ...of.world, models: async () => ({ ...of.store, get: away }) };
    expect(await trainLiveModel(world)).toMatchObject({ decision: "failed", version: null, reason: expect.stringContaining("cannot be read now") });
    expect((await recordOf(of)).live).toEqual(live);
  });

  it("of two runs at once promotes one", async () => {
    const of = await copyOf(lived);
    const later = { ...of.world, clock: { ...of.world.clock, wallMs: () => of.clock.wallMs() + 1_000 } };
    const decisions = (await Promise.all([trainLiveModel(of.world), trainLiveModel(later)])).map(({ decision }) => decision);
    expect(decisions.toSorted()).toEqual(["kept", "promoted"]);
  });

  it("never fails on too little: it says so, once however often it runs, and what is live stays", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 2 }), fc.nat(1_000), async (days, nodes, seed) => {
        const of = modelWorld(nodes);
        if (days > 0) await liveThrough(of, { days, seed });
        const first = await trainLiveModel(of.world);
        expect(["thin", "failed", "kept", "promoted"]).toContain(first.decision);
        if (first.decision !== "thin") return;
        await trainLiveModel(of.world);
        const { live, candidates } = await recordOf(of);
        expect([live, candidates.length, candidates[0]?.decision]).toEqual([null, 1, "thin"]);
      }),
      { numRuns: 12 },
    );
  });

  it("is not done by a function that was not told where history and models are kept", async () => {
    const of = modelWorld();
    expect(await trainLiveModel({ ...of.world, models: null })).toMatchObject({ decision: "not-here" });
  });
});
