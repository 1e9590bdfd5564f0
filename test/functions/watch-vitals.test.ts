/** What an agent measured of its host and node is in the minute's vitals and comes out as signals; a gap stays a gap. */
import { afterEach, expect, test } from "vitest";
import type { Vitals } from "../../core/kernel/records.ts";
import { signalsOf } from "../../core/kernel/signals.ts";
import { HOME } from "../support/fake-fleet-file.ts";
import { endRuns, type Rig, startWatching } from "../support/watch-rig.ts";

afterEach(endRuns);

const MINUTE_MS = 60_000;
async function newestOf(rig: Rig, node: string): Promise<Vitals> {
  const all = await rig.network.registry().list("vitals", { limit: 1_000 });
  const own = all.map(({ value }) => value).filter((one) => one.node === node && one.observer === HOME);
  const [newest] = own.toSorted((a, b) => b.atMs - a.atMs);
  if (newest === undefined) throw new Error(`no vitals of ${node}`);
  return newest;
}

test("a minute's vitals hold the agent's figures, and what was not measured is null in every signal", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  const unmeasured = rig.network.node("n1").host;
  rig.network.node("n2").host = {
    ...unmeasured,
    diskFreeBytes: 5e9,
    diskFreeShare: 0.25,
    node: { memoryBytes: 3e9, memoryBytesMax: 4e9, openFiles: 100, openFilesMax: 1_000, requestsPerSecond: 12.5, pendingTransactions: null },
  };
  await rig.clock.advance(3 * MINUTE_MS);
  const told = signalsOf(await newestOf(rig, "n2"));
  expect(told).toMatchObject({ diskFreeShare: 0.25, nodeMemoryShare: 0.75, nodeFilesShare: 0.1, requestsPerSecond: 12.5, pendingTransactions: null });
  expect(told).toMatchObject({ cpuShare: null, clockOffsetMs: null, errorShare: 0 });
  const bare = signalsOf(await newestOf(rig, "n1"));
  expect(bare).toMatchObject({ diskFreeShare: null, nodeMemoryShare: null, requestsPerSecond: null, errorShare: 0 });
});

test("the figures of an agent that fell silent are not told again as if they were new", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  rig.network.node("n2").host = { ...rig.network.node("n2").host, diskFreeShare: 0.25 };
  await rig.clock.advance(3 * MINUTE_MS);
  rig.network.node("n2").agent = "hanging";
  await rig.clock.advance(5 * MINUTE_MS);
  expect(signalsOf(await newestOf(rig, "n2"))).toMatchObject({ diskFreeShare: null, errorShare: 0 });
});
