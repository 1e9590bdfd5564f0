/** A trade, message by message. */
import { describe, expect, it } from "vitest";
import type { NodeId } from "../../../../core/kernel/ids.ts";
import type { TradeMessage } from "../../../../core/kernel/work-trade.ts";
import { Desk, measure, reportOf, restart, type TradeState } from "../../../../core/scaling/autonomous-resource-optimization/desk.ts";
import { settleFenced } from "../../../../core/scaling/autonomous-resource-optimization/giver.ts";
import { TRADE_RULES } from "../../../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { receive } from "../../../../core/scaling/autonomous-resource-optimization/trading.ts";
import { at, COLD, changed, cold, HOT, handedOver, hot, items, NOW_MS, sent, THIRD, ticked, withWork } from "../../../support/trade-rig.ts";

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
