/** A look asks the live model; whatever is wrong with it, thresholds and lines decide, and the record says why no model was asked. */
import { beforeAll, describe, expect, it } from "vitest";
import { VaultUnavailable } from "../../core/kernel/errors.ts";
import type { ModelPointer } from "../../core/kernel/live-model.ts";
import type { VaultStore, World } from "../../core/kernel/ports.ts";
import { lookAhead } from "../../functions/prediction/foreseeing/looking.ts";
import { trainLiveModel } from "../../functions/prediction/training/training.ts";
import { liveThrough, type ModelWorld, modelWorld, STEP_MS, vitalsOf, writeMemory } from "../support/model-world.ts";

const DAY_MS = 86_400_000;
let pointer: ModelPointer;
let file: Buffer;

beforeAll(async () => {
  const of = modelWorld();
  await liveThrough(of, { days: 14 });
  await trainLiveModel(of.world);
  const found = await of.registry.read("liveModel", "live");
  if (found.kind === "absent" || found.value.live === null) throw new Error("no model was promoted");
  pointer = found.value.live;
  const got = await of.store.get(pointer.key, { bytesMax: 1e8 });
  if (got.kind === "absent") throw new Error("its file is not there");
  file = got.bytes;
});

/** A fleet with that model live; n1 leaks, all others are calm. */
async function asking(change: { pointer?: Partial<ModelPointer>; file?: Buffer | null; leaks?: boolean } = {}): Promise<ModelWorld> {
  const of = modelWorld();
  await of.registry.write("liveModel", "live", { live: { ...pointer, ...change.pointer }, candidates: [] }, "any");
  if (change.file !== null) await of.store.put(pointer.key, change.file ?? file);
  for (const { id } of of.fleet.nodes)
    await writeMemory(of, id, id === "n1" && change.leaks !== false ? { from: 0.3, to: 0.93 } : { from: 0.4, to: 0.4 });
  return of;
}
async function latest(of: ModelWorld, node = "n1") {
  const found = await of.registry.read("foreseen", node);
  if (found.kind === "absent") throw new Error(`nothing is foretold of ${node}`);
  return found.value.latest;
}
const altered = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy.writeUInt8(copy.readUInt8(middle) ^ 0xff, middle);
  return copy;
};

describe("a live model", () => {
  it("is asked of every node, tells a leak from calm, and its version and reason are in the record", async () => {
    const of = await asking();
    expect((await lookAhead(of.world)).reason).toContain(`model ${pointer.version} is asked`);
    const [leaking, calm] = [await latest(of, "n1"), await latest(of, "n2")];
    expect([leaking.model, calm.model]).toEqual([pointer.version, pointer.version]);
    expect(leaking.probability).toBeGreaterThan(0.6);
    expect(calm).toMatchObject({ by: "model", level: "calm" });
    expect(calm.probability).toBeLessThan(0.2);
    expect(calm.reason).toMatch(/model .*nodeMemoryShare.* the odds by/);
    const [open] = (await of.registry.list("foreseen", { prefix: "n2", limit: 1 }))[0]?.value.open ?? [];
    expect(open?.model).toBe(pointer.version);
  });

  it("says the same in a process that begins anew", async () => {
    const of = await asking();
    await lookAhead(of.world);
    const before = await latest(of);
    await lookAhead({ ...of.world });
    expect(await latest(of)).toEqual(before);
  });

  it("is silent of a node whose window is short, and of one that has just been silent", async () => {
    const of = await asking();
    const silent = { ...vitalsOf(of, "n2", of.clock.wallMs() + STEP_MS, 0.4), answered: 0 };
    await of.write(silent);
    await of.clock.sleep(STEP_MS);
    await lookAhead(of.world);
    expect(await latest(of, "n2")).toMatchObject({ model: null, reason: expect.stringContaining("rows since it last was silent") });
    expect((await latest(of)).model).toBe(pointer.version);
  });
});

describe("a model that may not speak", () => {
  const cases: Record<string, { change: Parameters<typeof asking>[0]; says: RegExp }> = {
    damaged: { change: { file: Buffer.from("broken") }, says: /file is damaged/ },
    "another than the registry says": { change: { pointer: { sha256: "0".repeat(64) } }, says: /it is another model/ },
    absent: { change: { file: null }, says: /is not in/ },
    old: { change: { pointer: { trainedAtMs: 1_800_000_000_000 - 40 * DAY_MS } }, says: /is 40 days old/ },
    drifted: {
      change: { pointer: { drift: { kind: "drifted", reason: "features with 60 % of the model's gain have moved", atMs: 0 } } },
      says: /have moved/,
    },
    thin: { change: { pointer: { failures: 3 } }, says: /trained on 3 failures/ },
    "of another horizon": { change: { pointer: { horizonMs: 60_000 } }, says: /the fleet file asks for 3600 s/ },
  };
  it.each(Object.keys(cases))("because it is %s leaves the leak to lines and thresholds, and the record says so", async (name) => {
    const { change, says } = cases[name] ?? expect.unreachable();
    const of = await asking(change);
    expect((await lookAhead(of.world)).reason).toMatch(says);
    const { by, model, reason, level } = await latest(of);
    expect([model, by, level === "calm"]).toEqual([null, "exhaustion", false]);
    expect(reason).toMatch(says);
    expect(reason).toContain("no model was asked");
  });

  it("because it failed its gate is not asked either", async () => {
    const { evaluation } = pointer;
    const of = await asking({ pointer: { evaluation: { ...evaluation, brier: evaluation.brierBaseRate } } });
    expect((await lookAhead(of.world)).reason).toMatch(/no better than the base rate/);
  });

  it("because its bytes changed where they lie is found out by the tenth look, and speaks again when they are back", async () => {
    const of = await asking({ leaks: false });
    await lookAhead(of.world);
    await replace(of.store, altered(file));
    expect((await lookAhead(of.world)).reason).toContain("is asked");
    await of.clock.sleep(600_000);
    expect((await lookAhead(of.world)).reason).toMatch(/file is damaged/);
    expect(await latest(of, "n2"), "a calm node's record says so at once").toMatchObject({ model: null, reason: expect.stringContaining("damaged") });
    await replace(of.store, file);
    expect((await lookAhead(of.world)).reason).toContain("is asked");
  });

  it("does not fall silent while the bucket does not answer, if it was read whole before", async () => {
    const of = await asking();
    let isAway = false;
    const get: VaultStore["get"] = async (...asked) => {
      if (isAway) throw new VaultUnavailable({ vault: "history", action: "get", cause: "timeout" });
      return await of.store.get(...asked);
    };
    const world: World = { ...of.world, models: async () => ({ ...of.store, get }) };
    await lookAhead(world);
    isAway = true;
    await of.clock.sleep(600_000);
    expect((await lookAhead(world)).reason).toContain("is asked");
    expect((await lookAhead({ ...world })).reason).toMatch(/cannot be read/);
  });

  it("is replaced as soon as the pointer names another", async () => {
    const of = await asking();
    await lookAhead(of.world);
    await of.registry.write("liveModel", "live", { live: { ...pointer, version: "another-one", key: "models/none" }, candidates: [] }, "any");
    expect((await lookAhead(of.world)).reason).toMatch(/another-one.*models\/none is not in/);
  });
});

async function replace(store: VaultStore, bytes: Buffer): Promise<void> {
  await store.remove(pointer.key);
  await store.put(pointer.key, bytes);
}
