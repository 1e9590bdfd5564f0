/**
 * Agents' traders over a bad network, with what is really served beside each, and a crash wherever one is wanted: before and after each
 * of a step's acts. It checks after every act that nothing is served twice, nor anywhere but where it lies on the disk.
 */
import { openTrader, type Served, type Trader } from "../../agent/work/trader.ts";
import type { ItemsFile } from "../../agent/work/work-items.ts";
import type { StoredWork } from "../../agent/work/work-store.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { TradeMessage, WorkReport } from "../../core/kernel/work-trade.ts";
import { newDesk } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import { TRADE_RULES } from "../../core/scaling/autonomous-resource-optimization/trade-rule.ts";
import { type Chance, chance } from "./seeded-chance.ts";

const ROUND_MS = 10_000;
const BEGIN_MS = 1_000_000;
const DELIVERIES_MAX = 200;

class Crash extends Error {
  override name = "Crash";
}
type Place = { node: NodeId; disk: string; served: Served[]; trader: Trader | null; file: ItemsFile; lives: number };
export type Act = "serve" | "served" | "save" | "saved" | "send";

export class Traders {
  nowMs = BEGIN_MS;
  readonly places: Place[];
  readonly acts: string[] = [];
  /** Acts until whoever does the next one crashes there; null: nobody does. */
  fuse: number | null = null;
  loss = 0;
  hookFails = 0;
  private readonly queue: TradeMessage[] = [];
  private readonly chance: Chance;

  constructor(assigned: readonly (readonly number[])[], seed = 1) {
    this.chance = chance(seed);
    this.places = assigned.map((units, index) => {
      const node = `n${index}` as NodeId;
      const disk = JSON.stringify({ desk: newDesk(node, 100, BEGIN_MS), known: [], isReplacement: false } satisfies StoredWork);
      const file = { assigned: units.map((one, at) => ({ id: `w${index}-${at}`, units: one, version: 1 })), measured: {}, finished: [] };
      return { node, disk, served: [], trader: null, file, lives: 0 };
    });
  }

  diskOf = (place: Place): StoredWork => JSON.parse(place.disk) as StoredWork;

  async start(place: Place): Promise<void> {
    place.lives += 1;
    const life = place.lives;
    const act = (name: Act): void => this.act(place, life, name);
    const trader = openTrader({
      opened: {
        kind: "opened",
        stored: this.diskOf(place),
        file: {
          save: (value) => {
            act("save");
            place.disk = JSON.stringify(value);
            act("saved");
            return { kind: "saved", counter: 1 };
          },
        },
      },
      serve: async (items) => {
        act("serve");
        if (this.chance.happens(this.hookFails)) {
          // It may have done nothing, or a part.
          if (this.chance.happens(0.5)) place.served = items.slice(0, 1);
          return false;
        }
        place.served = [...items];
        act("served");
        return true;
      },
      send: (message) => {
        act("send");
        this.queue.push(message);
      },
      readItems: () => ({ kind: "read", file: place.file }),
      surroundings: { rules: TRADE_RULES, members: new Set(this.places.map(({ node }) => node)) },
      clock: { wallMs: () => this.nowMs },
      log: { decision: () => {}, warn: () => {} },
    });
    place.trader = trader;
    await this.survive(place, () => trader.begin());
  }

  async playRound(): Promise<void> {
    this.nowMs += ROUND_MS;
    const reports: WorkReport[] = [];
    for (const place of this.places) {
      if (place.trader === null) await this.start(place);
      const { trader } = place;
      if (trader === null) continue;
      const report = await this.survive(place, () => trader.beginRound());
      if (report) reports.push(report);
    }
    for (const place of this.places) {
      const own = reports.find(({ node }) => node === place.node);
      const { trader } = place;
      if (own && trader) await this.survive(place, () => trader.endRound(own, reports));
    }
    for (let count = 0; this.queue.length > 0 && count < DELIVERIES_MAX; count += 1) await this.deliver(this.queue.shift());
  }

  /** How many desks an item belongs to, a hand-over that nobody has taken counting for its giver. */
  ownersOf(id: string): number {
    const all = this.places.map((place) => this.diskOf(place).desk);
    const isTaken = (from: NodeId, to: NodeId, sequence: number): boolean => {
      const answer = all.find(({ node }) => node === to)?.answered[from];
      return answer?.sequence === sequence && answer.outcome === "taken";
    };
    const on = all.filter(({ work }) => work.some((item) => item.id === id)).length;
    const between = all.filter(
      ({ node, giving }) => giving?.items.some((item) => item.id === id) && !isTaken(node, giving.to, giving.sequence),
    ).length;
    return on + between;
  }

  private async deliver(message: TradeMessage | undefined): Promise<void> {
    const place = this.places.find(({ node }) => node === message?.to);
    const { trader } = place ?? {};
    if (!message || !place || !trader || this.chance.happens(this.loss)) return;
    await this.survive(place, () => trader.hear(message));
  }

  /** Every act of a life that has ended is none. */
  private act(place: Place, life: number, name: Act): void {
    if (place.lives !== life || place.trader === null) throw new Crash();
    if (this.fuse !== null) this.fuse -= 1;
    if (this.fuse === 0) {
      this.fuse = null;
      place.trader = null;
      throw new Crash();
    }
    this.acts.push(`${place.node} ${name}`);
    this.check(`${place.node} ${name}`);
  }

  private check(when: string): void {
    const seen = new Set<string>();
    for (const place of this.places) {
      const { desk } = this.diskOf(place);
      for (const { id } of place.served) {
        if (seen.has(id)) throw new Error(`${id} is served twice, after ${when}`);
        if (!desk.work.some((item) => item.id === id)) throw new Error(`${id} is served at ${place.node} and not on its disk, after ${when}`);
        seen.add(id);
      }
    }
  }

  private async survive<T>(place: Place, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      place.trader = null;
      return undefined;
    }
  }
}
