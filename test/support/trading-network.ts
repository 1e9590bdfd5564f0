/**
 * A fleet whose agents trade work over a bad network: messages and reports are lost, doubled and overtaken, agents crash before and after they have
 * stored their desk, stay down and come back, and their clocks differ. It drives the product's own steps and keeps the score: where each
 * item is served, to whom it belongs, and the fleet's imbalance after every step.
 */

import type { NodeId } from "../../core/kernel/ids.ts";
import { TradeMessage, type WorkLoad, WorkReport } from "../../core/kernel/work-trade.ts";
import { Desk, loadOf, newDesk, reportOf, restart, type TradeState, takeOn } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import type { TradeStep } from "../../core/scaling/autonomous-resource-optimization/saying.ts";
import { mayGive, TRADE_RULES } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { receive, tick } from "../../core/scaling/autonomous-resource-optimization/trading.ts";
import { type Chance, chance } from "./seeded-chance.ts";

export const ROUND_MS = 10_000;
const BEGIN_MS = 1_000_000;
/** About as many turns as a round of the largest fleet has ticks. */
const HELD_TURNS_MAX = 9;

export type NodePlan = { readonly capacityUnits: number; readonly items: readonly number[]; readonly skewMs: number };
export type Faults = { readonly loss: number; readonly doubled: number; readonly crash: number };
export const NO_FAULTS: Faults = { loss: 0, doubled: 0, crash: 0 };

type Place = {
  disk: Desk;
  state: TradeState | null;
  own: WorkReport | null;
  downUntilRound: number;
  heardOf: Map<NodeId, WorkReport>;
  skewMs: number;
};

export class TradingNetwork {
  nowMs = BEGIN_MS;
  round = 0;
  movedItems = 0;
  readonly steps: TradeStep["kind"][] = [];
  readonly places = new Map<NodeId, Place>();
  readonly itemIds: string[] = [];
  readonly units = new Map<string, number>();
  private flights: { text: string; heldForTurns: number }[] = [];
  private readonly chance: Chance;

  constructor(plans: readonly NodePlan[], seed: number) {
    this.chance = chance(seed);
    plans.forEach(({ capacityUnits, items, skewMs }, index) => {
      let desk = newDesk(`n${index}` as NodeId, capacityUnits, BEGIN_MS);
      items.forEach((units, place) => {
        const id = `w${index}-${place}`;
        const change = takeOn(desk, { id, units, version: 1 });
        if (change.kind === "changed") desk = change.desk;
        this.itemIds.push(id);
        this.units.set(id, units);
      });
      this.places.set(desk.node, { disk: stored(desk), state: restart(desk), own: null, downUntilRound: 0, heardOf: new Map(), skewMs });
    });
  }

  /** What is on the disks, whether the agents run or not. */
  get desks(): Desk[] {
    return [...this.places.values()].map(({ disk }) => disk);
  }
  /** What is handed over and not yet taken counts for its giver. */
  get loads(): WorkLoad[] {
    const desks = this.desks;
    return desks.map((desk) => {
      const isGivers = desk.giving === null || !isTaken(desk.giving, desk.node, desks);
      return loadOf(isGivers ? desk : { ...desk, giving: null });
    });
  }

  /** One round: reports, a tick of every running agent in any order, then messages: all of them in good times, some in bad. */
  playRound(faults: Faults, observe: () => void = () => {}): void {
    this.round += 1;
    // In bad times rounds are uneven, so that what was said in one is heard in another.
    this.nowMs += faults === NO_FAULTS ? ROUND_MS : 1_000 + this.chance.below(ROUND_MS);
    for (const [node, place] of this.places) {
      if (place.state === null && this.round >= place.downUntilRound) this.start(node, place);
    }
    this.spreadReports(faults);
    for (const [node, place] of this.shuffled()) {
      const { own } = place;
      if (own) this.apply(node, faults, (state) => tick(state, own, [...place.heardOf.values()], this.around(place)));
      observe();
      this.deliverSome(faults, observe);
    }
    this.deliverAll(faults, observe);
  }

  crash(node: NodeId, rounds: number): void {
    const place = this.places.get(node);
    if (place) Object.assign(place, { state: null, downUntilRound: this.round + rounds });
  }

  /** Whether some item could still change hands with gain. */
  canTrade(): boolean {
    const desks = this.desks;
    return desks.some((giver) =>
      desks.some((taker) => giver !== taker && giver.work.some(({ units }) => mayGive(loadOf(giver), loadOf(taker), units, TRADE_RULES.marginShare))),
    );
  }

  /** Each item with the desks that serve it, and those it belongs to: a desk's work, and what is given and not taken. */
  whereabouts(): Map<string, { servers: number; owners: number }> {
    const found = new Map(this.itemIds.map((id) => [id, { servers: 0, owners: 0 }]));
    const desks = this.desks;
    const at = (id: string) => found.get(id) ?? { servers: 0, owners: 0 };
    for (const { node, work, giving } of desks) {
      for (const { id } of work) found.set(id, { servers: at(id).servers + 1, owners: at(id).owners + 1 });
      if (giving === null || isTaken(giving, node, desks)) continue;
      for (const { id } of giving.items) found.set(id, { ...at(id), owners: at(id).owners + 1 });
    }
    return found;
  }

  around(place: Pick<Place, "skewMs">) {
    return { nowMs: this.nowMs + place.skewMs, rules: TRADE_RULES, members: new Set(this.places.keys()) };
  }

  /** A step, its desk stored, its message sent; a crash may come before the storing or before the sending. */
  private apply(node: NodeId, faults: Faults, step: (state: TradeState) => TradeStep): void {
    const place = this.places.get(node);
    if (!place?.state) return;
    const done = step(place.state);
    const [isLost, isUnsent] = [this.chance.happens(faults.crash / 2), this.chance.happens(faults.crash / 2)];
    if (!isLost) {
      if (done.kind === "taken") this.movedItems += done.state.desk.work.length - place.disk.work.length;
      place.disk = stored(done.state.desk);
      place.state = done.state;
      this.steps.push(done.kind);
    }
    if (isLost || isUnsent) this.crash(node, 1 + this.chance.below(3));
    else if (done.message) this.send(JSON.stringify(done.message), faults);
  }

  private start(node: NodeId, place: Place): void {
    const state = restart(place.disk);
    this.places.set(node, { ...place, state, disk: stored(state.desk), own: null, heardOf: new Map() });
  }

  private send(text: string, faults: Faults): void {
    const copies = this.chance.happens(faults.doubled) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (!this.chance.happens(faults.loss)) this.flights.push({ text, heldForTurns: faults === NO_FAULTS ? 0 : this.chance.below(HELD_TURNS_MAX) });
    }
  }

  private deliverOne(flight: { text: string }, faults: Faults): void {
    const message = TradeMessage.parse(JSON.parse(flight.text));
    const place = this.places.get(message.to);
    if (!place) return;
    this.apply(message.to, faults, (state) => receive(state, message, this.around(place)));
  }
  /** A turn of the network: some arrive, in any order; the others are held, perhaps into a later round. */
  private deliverSome(faults: Faults, observe: () => void): void {
    const [due, held] = [this.flights.filter((one) => one.heldForTurns === 0), this.flights.filter((one) => one.heldForTurns > 0)];
    this.flights = held.map((one) => ({ ...one, heldForTurns: one.heldForTurns - 1 }));
    for (const flight of due.toSorted(() => this.chance.next() - 0.5)) {
      this.deliverOne(flight, faults);
      observe();
    }
  }
  private deliverAll(faults: Faults, observe: () => void): void {
    const turns = faults === NO_FAULTS ? HELD_TURNS_MAX + 6 : this.chance.below(HELD_TURNS_MAX);
    for (let turn = 0; turn < turns && this.flights.length > 0; turn += 1) this.deliverSome(faults, observe);
  }

  private spreadReports(faults: Faults): void {
    for (const place of this.places.values()) {
      if (place.state === null) continue;
      const report = WorkReport.parse(reportOf(place.state, this.nowMs + place.skewMs));
      place.own = report;
      for (const other of this.places.values()) if (!this.chance.happens(faults.loss)) other.heardOf.set(report.node, report);
    }
  }
  private shuffled(): [NodeId, Place][] {
    return [...this.places]
      .map((entry) => ({ entry, key: this.chance.next() }))
      .toSorted((a, b) => a.key - b.key)
      .map(({ entry }) => entry);
  }
}

/** As it comes back from a disk. */
const stored = (desk: Desk): Desk => Desk.parse(JSON.parse(JSON.stringify(desk)));

/** Whether the receiver has it on its desk, or has had it. */
function isTaken(giving: { to: NodeId; sequence: number }, giver: NodeId, desks: readonly Desk[]): boolean {
  const answered = desks.find(({ node }) => node === giving.to)?.answered[giver];
  return answered !== undefined && answered.sequence === giving.sequence && answered.outcome === "taken";
}
