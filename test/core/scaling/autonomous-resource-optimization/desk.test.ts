/** What a trader does not listen to, and the limits of its desk. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../../../core/kernel/ids.ts";
import { type TradeMessage, WORK_ITEMS_MAX, type WorkReport } from "../../../../core/kernel/work-trade.ts";
import {
  type Desk,
  finish,
  forgetGiver,
  GIVERS_MAX,
  measure,
  newDesk,
  reportOf,
  restart,
  type TradeState,
  takeOn,
} from "../../../../core/scaling/autonomous-resource-optimization/desk.ts";
import { TRADE_RULES } from "../../../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { receive, tick } from "../../../../core/scaling/autonomous-resource-optimization/trading.ts";
import { at, COLD, changed, cold, HOT, handedOver, hot, items, NOW_MS, sent, THIRD, ticked, withWork } from "../../../support/trade-rig.ts";

describe("what is not heard", () => {
  const offer = () => sent(ticked(hot, [cold]), "offer");

  it("leaves no trace: messages for others, of strangers, of itself, expired, from the future, or heard before", () => {
    const heard = receive(cold, offer(), at()).state;
    const refused: [string, TradeState, TradeMessage, ReturnType<typeof at>][] = [
      ["misdirected", cold, { ...offer(), to: THIRD }, at()],
      ["stranger", cold, { ...offer(), from: "nobody" as NodeId }, at()],
      ["stranger", cold, { ...offer(), from: COLD }, at()],
      ["expired", cold, offer(), at(NOW_MS + TRADE_RULES.messageMs + TRADE_RULES.skewMsMax + 1)],
      ["expired", cold, offer(), at(NOW_MS - TRADE_RULES.skewMsMax - 1)],
      ["replayed", heard, offer(), at()],
      ["replayed", heard, { ...offer(), epoch: offer().epoch - 1, number: 99 }, at()],
    ];
    for (const [kind, state, message, around] of refused) {
      const step = receive(state, message, around);
      expect([step.kind, step.message]).toEqual([kind, null]);
      expect(step.state).toBe(state);
    }
  });

  it("counts a node's stale report, or one from the future, as none", () => {
    const offers = (report: WorkReport, nowMs = NOW_MS) => tick(hot, reportOf(hot, nowMs), [report], at(nowMs)).kind === "offered";
    const report = reportOf(cold, NOW_MS);
    expect(offers(report)).toBe(true);
    expect(offers(report, NOW_MS + TRADE_RULES.reportMsMax + 1)).toBe(false);
    expect(offers({ ...report, atMs: NOW_MS + TRADE_RULES.skewMsMax + 1 })).toBe(false);
    expect(offers({ ...report, node: "nobody" as NodeId })).toBe(false);
    expect(offers({ ...report, isEngaged: true })).toBe(false);
    expect(tick(hot, reportOf(hot, NOW_MS), [{ ...report, loadUnits: 75, atMs: NOW_MS - 5 }, report], at()).kind).toBe("offered");
    expect(tick(hot, reportOf(hot, NOW_MS), [report, { ...report, loadUnits: 75, atMs: NOW_MS + 5 }], at()).kind).toBe("waiting");
  });
});

describe("a desk", () => {
  it("keeps its limits: items, givers, and each item once", () => {
    const full = newDesk(COLD, 100_000, 1_000);
    const desk = Array.from({ length: WORK_ITEMS_MAX }).reduce<Desk>(
      (before, _, index) => changed(takeOn(before, { id: `f${index}`, units: 1, version: 1 })),
      full,
    );
    expect(takeOn(desk, { id: "more", units: 1, version: 1 }).kind).toBe("refused");
    expect(takeOn(changed(finish(desk, "f0")), { id: "f1", units: 1, version: 1 }).kind).toBe("refused");
    expect([measure(desk, "nowhere", 2).kind, finish(desk, "nowhere").kind]).toEqual(["refused", "refused"]);
    expect(ticked(hot, [restart(desk)]).kind).toBe("waiting");
    const answered = Object.fromEntries(Array.from({ length: GIVERS_MAX }, (_, index) => [`g${index}`, { sequence: 1, outcome: "taken" as const }]));
    const known = restart({ ...newDesk(COLD, 100, 1_000), answered });
    const { transfer, offered } = handedOver();
    expect(receive(known, sent(offered, "offer"), at())).toMatchObject({ kind: "declined" });
    expect(receive(known, transfer, at())).toMatchObject({ kind: "ignored", message: null });
    expect(receive({ ...known, desk: forgetGiver(known.desk, "g7" as NodeId) }, transfer, at()).kind).toBe("taken");
  });

  it("is not confused by a node that is named like a part of every object", () => {
    const odd = "constructor" as NodeId;
    const around = { ...at(), members: new Set([odd, COLD]) };
    const transfer = { ...handedOver().transfer, from: odd };
    const taken = receive(cold, transfer, around);
    expect(taken.kind).toBe("taken");
    expect(receive(restart(taken.state.desk), transfer, around).kind).toBe("ignored");
  });

  it("never takes an item that it serves already", () => {
    const own = withWork(COLD, [{ id: "w10-0", units: 1, version: 5 }]);
    expect(receive(own, handedOver().transfer, at())).toMatchObject({ kind: "returned", state: { desk: { work: [{ version: 5 }] } } });
  });

  it("is heard again when it replaces one that was lost", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_001, max: NOW_MS }), (createdAtMs) => {
        const lost = handedOver();
        const taken = receive(lost.promised.state, lost.transfer, at());
        const settledCold: TradeState = { ...taken.state, desk: { ...taken.state.desk, work: [] } };
        const fresh = restart({ ...newDesk(HOT, 100, createdAtMs), work: items(8, 7) });
        const offered = ticked(fresh, [settledCold]);
        const promised = receive(settledCold, sent(offered, "offer"), at());
        const given = receive(offered.state, sent(promised, "accept"), at());
        expect(receive(promised.state, sent(given, "transfer"), at()).kind).toBe("taken");
      }),
      { numRuns: 20 },
    );
  });
});
