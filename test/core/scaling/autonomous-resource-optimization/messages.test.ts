/** What a trader hears, and what it answers, message by message. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { NodeId } from "../../../../core/kernel/ids.ts";
import { TradeMessage, WORK_ITEMS_MAX, type WorkItem, type WorkReport } from "../../../../core/kernel/work-trade.ts";
import {
  Desk,
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
import { settleFenced } from "../../../../core/scaling/autonomous-resource-optimization/giver.ts";
import type { TradeStep } from "../../../../core/scaling/autonomous-resource-optimization/saying.ts";
import { TRADE_RULES } from "../../../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { receive, tick } from "../../../../core/scaling/autonomous-resource-optimization/trading.ts";

const [HOT, COLD, THIRD] = ["hot", "cold", "third"] as [NodeId, NodeId, NodeId];
const NOW_MS = 5_000_000;
const at = (nowMs = NOW_MS) => ({ nowMs, rules: TRADE_RULES, members: new Set([HOT, COLD, THIRD]) });

const items = (count: number, units: number): WorkItem[] =>
  Array.from({ length: count }, (_, index) => ({ id: `w${units}-${index}`, units, version: 1 }));
const withWork = (node: NodeId, work: WorkItem[]): TradeState => restart({ ...newDesk(node, 100, 1_000), work });

let hot: TradeState;
let cold: TradeState;
beforeEach(() => {
  hot = withWork(HOT, items(8, 10));
  cold = withWork(COLD, []);
});

const ticked = (state: TradeState, others: TradeState[], nowMs = NOW_MS): TradeStep =>
  tick(
    state,
    reportOf(state, nowMs),
    others.map((other) => reportOf(other, nowMs)),
    at(nowMs),
  );
function sent<K extends TradeMessage["kind"]>(step: TradeStep, kind: K) {
  expect(step.message?.kind).toBe(kind);
  return TradeMessage.parse(step.message) as Extract<TradeMessage, { kind: K }>;
}
/** Up to the moment when the giver has committed itself. */
function handedOver() {
  const offered = ticked(hot, [cold]);
  const promised = receive(cold, sent(offered, "offer"), at());
  const given = receive(offered.state, sent(promised, "accept"), at());
  return { offered, promised, given, transfer: sent(given, "transfer") };
}

describe("a trade", () => {
  it("moves half the difference, and each item is served by the giver, then by nobody, then by the taker", () => {
    const { offered, given, transfer, promised } = handedOver();
    expect(offered.state.desk.work).toHaveLength(8);
    expect(given.state.desk.work).toHaveLength(4);
    expect(promised.state.desk.work).toHaveLength(0);
    const taken = receive(promised.state, transfer, at());
    expect(taken).toMatchObject({ kind: "taken", state: { talks: { promise: null } } });
    expect(taken.state.desk.work.map(({ version }) => version)).toEqual([2, 2, 2, 2]);
    const settled = receive(given.state, sent(taken, "acknowledge"), at());
    expect(settled).toMatchObject({ kind: "settled", message: null, state: { desk: { giving: null } } });
    expect(settled.state.desk.work).toHaveLength(4);
  });

  it("says again what it gave after a restart, and a repetition of any hand-over gets the same answer", () => {
    const { given, promised, transfer } = handedOver();
    const taken = receive(promised.state, transfer, at());
    const back = restart(Desk.parse(JSON.parse(JSON.stringify(given.state.desk))));
    const again = ticked(back, [], NOW_MS + 4_000);
    expect(again.kind).toBe("given-again");
    for (const state of [taken.state, restart(taken.state.desk)]) {
      const repeated = receive(state, sent(again, "transfer"), at(NOW_MS + 4_000));
      expect(repeated.state.desk).toEqual(state.desk);
      expect(sent(repeated, "acknowledge")).toMatchObject({ sequence: transfer.sequence, outcome: "taken" });
    }
  });

  it("is not begun again by an old hand-over that a restarted taker hears", () => {
    const { given, promised, transfer } = handedOver();
    const taken = receive(promised.state, transfer, at());
    const settled = receive(given.state, sent(taken, "acknowledge"), at());
    const later = { ...transfer, sequence: transfer.sequence + 1, number: transfer.number + 10, items: items(1, 11) };
    const second = receive(taken.state, later, at());
    const forgotten = restart({ ...second.state.desk, work: [] });
    const old = receive(forgotten, transfer, at());
    expect(old).toMatchObject({ kind: "ignored", message: null, state: { desk: { work: [] } } });
    expect(settled.state.desk.giving).toBeNull();
  });

  it("comes back to the giver when the taker has no use for it any more", () => {
    const { given, transfer } = handedOver();
    const busy = restart(withWork(COLD, [{ id: "other", units: 90, version: 1 }]).desk);
    const returned = receive(busy, transfer, at());
    expect(returned).toMatchObject({ kind: "returned", state: { desk: { work: [{ id: "other" }] } } });
    const settled = receive(given.state, sent(returned, "acknowledge"), at());
    expect(settled.kind).toBe("returned");
    expect(settled.state.desk.work.map(({ version }) => version).toSorted()).toEqual([1, 1, 1, 1, 3, 3, 3, 3]);
  });

  it("is not ended by an answer to another hand-over", () => {
    const { given, promised, transfer } = handedOver();
    const taken = receive(promised.state, transfer, at());
    const other = { ...sent(taken, "acknowledge"), sequence: transfer.sequence - 1 };
    expect(receive(given.state, other, at())).toMatchObject({ kind: "ignored", state: { desk: { giving: { sequence: transfer.sequence } } } });
  });

  it("waits for a lost taker until somebody who fenced it says what became of it", () => {
    const { given, transfer } = handedOver();
    const later = ticked(given.state, [], NOW_MS + 3_600_000);
    expect(later).toMatchObject({ kind: "given-again", message: { kind: "transfer", sequence: transfer.sequence } });
    expect(settleFenced(later.state, { node: THIRD, outcome: "returned" }).kind).toBe("ignored");
    expect(settleFenced(later.state, { node: COLD, outcome: "returned" }).state.desk.work).toHaveLength(8);
    expect(settleFenced(later.state, { node: COLD, outcome: "taken" }).state.desk.work).toHaveLength(4);
  });
});

describe("one trade at a time", () => {
  const offerOf = (from: NodeId): TradeMessage => ({ ...sent(ticked(hot, [cold]), "offer"), from, offer: `${from}.1001.1` });

  it("refuses a second giver while it is promised to a first", () => {
    const promised = receive(cold, offerOf(HOT), at());
    expect(receive(promised.state, offerOf(THIRD), at())).toMatchObject({ kind: "declined", message: { kind: "refuse", to: THIRD } });
    const later = TRADE_RULES.offerMs + 1;
    const third = { ...offerOf(THIRD), expiresAtMs: NOW_MS + later };
    expect(receive(promised.state, third, at(NOW_MS + later)).kind).toBe("promised");
  });

  it("refuses to take while it offers or hands over itself", () => {
    const offering = ticked(withWork(COLD, items(8, 9)), [withWork(THIRD, [])]);
    expect(receive(offering.state, offerOf(HOT), at())).toMatchObject({ kind: "declined", reason: expect.stringContaining("offer of its own") });
    const { given } = handedOver();
    const toGiver: TradeMessage = { ...offerOf(THIRD), to: HOT };
    expect(receive(given.state, toGiver, at())).toMatchObject({ kind: "declined", reason: expect.stringContaining("handing over") });
    expect(reportOf(given.state, NOW_MS).isEngaged && reportOf(offering.state, NOW_MS).isEngaged).toBe(true);
  });

  it("does not give when its own load, or the taker's, is another by the time of the acceptance", () => {
    const offered = ticked(hot, [cold]);
    const accept = sent(receive(cold, sent(offered, "offer"), at()), "accept");
    const cooled = measuredAll(offered.state, 1);
    expect(receive(cooled, accept, at())).toMatchObject({ kind: "ignored", message: null });
    const full = { ...accept, taker: { capacityUnits: 100, loadUnits: 70 } };
    expect(receive(offered.state, full, at())).toMatchObject({ kind: "ignored", message: null, state: { talks: { offer: null } } });
  });
  function measuredAll(state: TradeState, units: number): TradeState {
    const desk = state.desk.work.reduce((before, { id }) => changed(measure(before, id, units)), state.desk);
    return { ...state, desk };
  }
});

const changed = (change: ReturnType<typeof takeOn>): Desk => {
  if (change.kind === "refused") throw new Error(change.reason);
  return change.desk;
};

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
