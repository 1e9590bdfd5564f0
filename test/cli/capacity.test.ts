import { describe, expect, it } from "vitest";
import type { GroupName } from "../../core/kernel/ids.ts";
import { pad } from "../../core/kernel/records.ts";
import type { ScalingCell, ScalingDecision } from "../../core/kernel/scaling.ts";
import { HOME, NOW_MS, openRig } from "./rig.ts";

const POOL = "pool" as GroupName;
const decisionOf = (fields: Partial<ScalingDecision> = {}): ScalingDecision => ({
  group: POOL,
  atMs: NOW_MS - 60_000,
  kind: "out",
  from: 5,
  to: 7,
  trigger: "schedule",
  mode: "auto",
  by: "forecast",
  demand: 412,
  carried: 500,
  forecast: 560,
  shortChance: 0.004,
  leaving: [],
  reason: "about 5.6 units of demand in 8 minutes ask for 7 units at the stated risk",
  outcome: { kind: "done", atMs: NOW_MS - 59_000, reason: "3 units are asked for" },
  ...fields,
});
const cellOf = (fields: Partial<ScalingCell> = {}): ScalingCell => ({
  group: POOL,
  region: HOME,
  beatAtMs: NOW_MS - 20_000,
  owner: null,
  ownerSinceMs: NOW_MS - 21_000,
  ownerDeadlineMs: NOW_MS - 19_000,
  decidedAtMs: NOW_MS - 20_000,
  lastOutMs: null,
  lastInMs: null,
  leadMinutes: 8,
  leadReason: "the slowest of the newest 3 drills took 400 s until its node was caught up",
  units: [
    { id: "u-0", state: "ready", zone: "use1-az1" },
    { id: "u-1", state: "starting", zone: "use1-az2" },
  ],
  declaredReady: 4,
  approved: null,
  starting: [{ unit: "u-1", sinceMs: NOW_MS - 60_000 }],
  starts: [],
  latest: decisionOf(),
  journalled: { kind: "out", by: "forecast" },
  trust: { minutesSeen: 2_000, isTrusted: true, error: 0.021, naiveError: 0.034, beyondShare: 0.01 },
  countedMinute: 1,
  tally: { minutes: 2_000, shortMinutes: 1, carriedSum: 900_000, demandSum: 700_000 },
  ...fields,
});

async function opened(cell: ScalingCell | null = cellOf(), decisions: readonly ScalingDecision[] = [decisionOf()]) {
  const rig = openRig();
  if (cell !== null) await rig.registry.write("scalingCell", POOL, cell, "any");
  for (const decision of decisions) await rig.registry.write("scalingDecision", `${POOL}/${pad(decision.atMs)}`, decision, "any");
  return rig;
}

describe("ha capacity", () => {
  it("shows units, demand, the forecast and its trust, the record, and each decision with its reason", async () => {
    const { ha } = await opened();
    const { out, code } = await ha("capacity", "pool");
    expect(code).toBe(0);
    for (const text of [
      "4 nodes of the fleet file and 1 unit, 1 on their way",
      "412 of 500",
      "560 in 8 min, short with a chance of 0.40 %",
      "trusted: its error is 0.021 beside 0.034",
      "short in 0.05 % of 2000 minutes; capacity was 29 % over",
      "5 → 7",
      "at the stated risk",
    ])
      expect(out).toContain(text);
  });

  it("says of a young forecast that measured demand decides, and of a mode that does not act that it is left to people", async () => {
    const trust = { minutesSeen: 60, isTrusted: true, error: 0, naiveError: 0, beyondShare: 0 };
    const { ha } = await opened(cellOf({ trust }), [decisionOf({ mode: "recommend", outcome: null })]);
    const { out } = await ha("capacity");
    expect(out).toContain("it has seen 60 of 1440 minutes, and measured demand decides");
    expect(out).toContain("left to people (recommend)");
  });

  it("gives a program everything", async () => {
    const { ha } = await opened();
    const { out } = await ha("capacity", "pool", "--json");
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      schema: 1,
      groups: [{ name: "pool", short: 1 / 2_000, cell: { leadMinutes: 8 }, decisions: [{ to: 7 }] }],
    });
  });

  it("knows no group that is neither in the fleet file nor in the registry", async () => {
    const { ha } = await opened();
    const { code, err } = await ha("capacity", "poll");
    expect(code).not.toBe(0);
    expect(err).toContain("pool");
  });
});

describe("ha capacity --approve", () => {
  it("lets the last decision be done, by name", async () => {
    const { ha, registry } = await opened(cellOf({ latest: decisionOf({ mode: "approve" }) }));
    const { code, out } = await ha("capacity", "pool", "--approve");
    expect(code).toBe(0);
    expect(out).toContain("from 5 to 7 units, by anna");
    expect(await registry.read("scalingCell", POOL)).toMatchObject({ value: { approved: { kind: "out", by: "anna" } } });
  });

  it("approves nothing where a person is not asked, or nothing would change", async () => {
    for (const latest of [decisionOf(), decisionOf({ kind: "hold", mode: "approve" }), null]) {
      const { ha, registry } = await opened(cellOf({ latest }));
      expect((await ha("capacity", "pool", "--approve")).code).not.toBe(0);
      expect(await registry.read("scalingCell", POOL)).toMatchObject({ value: { approved: null } });
    }
  });
});
