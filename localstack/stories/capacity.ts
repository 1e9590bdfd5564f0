/** Demand that rises and falls: units are really started, catch up with the chain and serve before they are needed, and really leave again. */
import { pad } from "../../core/kernel/records.ts";
import type { ScalingCell, ScalingDecision } from "../../core/kernel/scaling.ts";
import { type Load, makeLoad } from "../network/load.ts";
import { POOL } from "../rehearsal/open-rehearsal.ts";
import type { Stage, Story } from "./story.ts";

/** The four nodes of the fleet file carry 200 a second, of which 140 are planned with; watchers and peers ask some 20 to 40 of it. */
const QUIET = 50;
const PEAK = 190;
/** What more than one unit is needed for. */
const EVENING = 240;
/** Until what is seen is this demand's. */
const QUIET_MS = 10_000;
const RISE_MS = 120_000;
/** A busy machine sends in bursts; over so long they even out. */
const STEP_MS = 5_000;
const SETTLED_MS = 180_000;
const EMPTY_MS = 240_000;
const WRITTEN_MS = 30_000;
const UNITS_AT_PEAK = 2;
const UNIT = 50;

async function cellOf(stage: Stage): Promise<ScalingCell | null> {
  const found = await stage.registry.read("scalingCell", POOL);
  return found.kind === "found" ? found.value : null;
}
async function decisionsSince(stage: Stage, sinceMs: number): Promise<ScalingDecision[]> {
  const found = await stage.registry.list("scalingDecision", { prefix: `${POOL}/`, after: `${POOL}/${pad(sinceMs)}`, limit: 1_000 });
  return found.map(({ value }) => value);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** In demand's own unit: what the members and the units that were told to serve carry. */
async function carriedNow(stage: Stage): Promise<number> {
  const seen = await stage.rehearsal.network.units.capacity.look();
  const ready = seen.kind === "seen" ? seen.units.filter(({ state }) => state === "ready").length : 0;
  const { fleet } = stage.rehearsal;
  return (fleet.nodes.length + ready) * (fleet.scaling?.groups[0]?.unitCapacity ?? 0);
}

async function withLoad<T>({ rehearsal }: Stage, work: (load: Load) => Promise<T>): Promise<T> {
  const load = makeLoad(rehearsal.network.nodes.flatMap(({ rpcByRegion }) => Object.values(rpcByRegion)));
  try {
    return await work(load);
  } finally {
    load.stop();
  }
}

/** What was asked in each part of a rise, by the story and by everybody else, beside what is ready to carry it. */
async function rise(stage: Stage, load: Load, others: number): Promise<{ shortS: number; most: number }> {
  const fromMs = performance.now();
  let shortS = 0;
  let most = 0;
  let before = load.counts().sent;
  let beforeMs = fromMs;
  for (let sinceMs = 0; sinceMs < RISE_MS; sinceMs = performance.now() - fromMs) {
    load.at(QUIET + ((PEAK - QUIET) * sinceMs) / RISE_MS);
    await pause(STEP_MS);
    const { sent } = load.counts();
    const nowMs = performance.now();
    const demand = others + (1_000 * (sent - before)) / (nowMs - beforeMs);
    before = sent;
    beforeMs = nowMs;
    most = Math.max(most, demand);
    if (demand > (await carriedNow(stage))) shortS += STEP_MS / 1_000;
  }
  return { shortS, most };
}

export const demandDoubles: Story = {
  name: "demand-doubles",
  isLong: true,
  about: "requests rise to more than the nodes carry: units are started, take the chain over and serve before that, and the peak is carried",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const sinceMs = Date.now();
    await withLoad(stage, async (load) => {
      load.at(QUIET);
      const seen = await stage.until("the quiet demand to be seen", SETTLED_MS, async () => {
        const latest = (await cellOf(stage))?.latest;
        return latest != null && latest.atMs > sinceMs + QUIET_MS && (latest.demand ?? 0) > QUIET ? (latest.demand ?? 0) : false;
      });
      const others = seen - QUIET;
      const { shortS, most } = await rise(stage, load, others);
      stage.expect("demand was never above what was ready", shortS === 0, `${shortS} s short, ${Math.round(most)} requests a second at the peak`);
      const serving = await stage.until("units to serve the peak", SETTLED_MS, async () => {
        const seen = await stage.rehearsal.network.units.capacity.look();
        const ready = seen.kind === "seen" ? seen.units.filter(({ state }) => state === "ready") : [];
        return ready.length >= UNITS_AT_PEAK ? ready : false;
      });
      const processes = await stage.processes();
      stage.expect(
        "each is a node that runs",
        serving.every(({ id }) => processes.includes(id)),
        serving.map(({ id }) => id).join(", "),
      );
      const { sent, failed } = load.counts();
      stage.expect("what was asked was answered", failed * 100 < sent, `${failed} of ${sent} were not`);
    });
    const out = (await decisionsSince(stage, sinceMs)).filter(({ kind }) => kind === "out");
    const done = out.some(({ outcome }) => outcome?.kind === "done");
    stage.expect(
      "it was decided, with its reason, and done",
      done && out.every(({ reason }) => reason !== ""),
      out[0]?.reason ?? "nothing was decided",
    );
    const slowest = Math.max(...((await cellOf(stage))?.starts ?? []).map(({ tookMs }) => tookMs));
    stage.measure("a unit's start to serving, the slowest", slowest, "ms");
  },
};

export const quietNight: Story = {
  name: "quiet-night",
  isLong: true,
  about: "demand falls: the units leave one by one, their processes end, and the nodes of the fleet file and their quorum stay",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const sinceMs = Date.now();
    await withLoad(stage, async (load) => {
      load.at(EVENING);
      await stage.until("units to serve the evening", SETTLED_MS, async () => {
        const latest = (await cellOf(stage))?.latest;
        const isEvening = latest != null && latest.atMs > sinceMs && (latest.demand ?? 0) > EVENING - UNIT;
        return isEvening && (await carriedNow(stage)) > EVENING + UNIT;
      });
    });
    const nightMs = Date.now();
    let fewest = Number.POSITIVE_INFINITY;
    const members = stage.rehearsal.fleet.nodes.map(({ id }) => id);
    await stage.until("every unit to have left", EMPTY_MS, async () => {
      const processes = await stage.processes();
      fewest = Math.min(fewest, members.filter((id) => processes.includes(id)).length);
      const seen = await stage.rehearsal.network.units.capacity.look();
      return seen.kind === "seen" && seen.units.length === 0 && seen.desired === 0;
    });
    stage.measure("the last request to the last unit's end", Date.now() - nightMs, "ms");
    stage.expect("every node of the fleet file ran all the while", fewest === members.length, `${fewest} of ${members.length}`);
    /** What came of the last one is written after its unit has gone. */
    const removals = await stage.until("what came of each to be written", WRITTEN_MS, async () => {
      const leaving = (await decisionsSince(stage, nightMs)).filter(({ kind }) => kind === "in");
      return leaving.every(({ outcome }) => outcome?.kind === "done") ? leaving : false;
    });
    stage.expect(
      "they left one by one",
      removals.length >= UNITS_AT_PEAK && removals.every(({ leaving }) => leaving.length === 1),
      `${removals.length} removals`,
    );
    const waits = removals.slice(1).map(({ atMs }, index) => atMs - (removals[index]?.atMs ?? 0));
    const cooldownMs = (stage.rehearsal.fleet.scaling?.groups[0]?.cooldownSeconds ?? 0) * 1_000;
    stage.expect(
      "with a pause after each",
      waits.every((ms) => ms >= cooldownMs),
      waits.join(", "),
    );
  },
};

export const CAPACITY_STORIES: readonly Story[] = [demandDoubles, quietNight];
