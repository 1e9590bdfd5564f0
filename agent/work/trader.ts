/**
 * The agent's side of a trade: carries out what `core/scaling/autonomous-resource-optimization/` decides, one step after the other. In each step
 * what leaves the desk is stopped being served, then the desk is stored, and only then a message goes and what was added is served. So what is
 * served is never more than what lies on the disk, wherever a crash comes between. When the desk cannot be stored, trading ends until
 * a person has looked, and what was stopped stays stopped.
 */
import type { Clock, Log } from "../../core/kernel/ports.ts";
import type { TradeMessage, WorkItem, WorkReport, WorkView } from "../../core/kernel/work-trade.ts";
import { type Desk, itemCountOf, loadOf, reportOf, restart, type TradeState } from "../../core/scaling/autonomous-resource-optimization/desk.ts";
import { silent, type TradeStep } from "../../core/scaling/autonomous-resource-optimization/saying.ts";
import { type Surroundings, screen } from "../../core/scaling/autonomous-resource-optimization/screening.ts";
import { receive, tick } from "../../core/scaling/autonomous-resource-optimization/trading.ts";
import { applyItems, type ItemsRead } from "./work-items.ts";
import type { StoredWork, WorkOpened } from "./work-store.ts";

/** Each may wait for a hook. A peer says at most some four things in a round. */
const WAITING_MAX = 256;
/** Steps that are nobody's news. */
const UNNOTED: ReadonlySet<string> = new Set(["waiting", "ignored"]);

export type Served = Pick<WorkItem, "id" | "units">;
export type TraderPorts = {
  readonly opened: Extract<WorkOpened, { kind: "opened" }>;
  /** Makes it so that exactly these are served. False: it is not known what is served now. */
  readonly serve: (items: readonly Served[]) => Promise<boolean>;
  /** Must not wait for an answer. */
  readonly send: (message: TradeMessage) => void;
  readonly readItems: () => ItemsRead | null;
  readonly surroundings: Omit<Surroundings, "nowMs">;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Log;
};
export type Heard = TradeStep["kind"] | "held" | "shut" | "busy";
export type Trader = ReturnType<typeof openTrader>;

export function openTrader(ports: TraderPorts) {
  const { opened, surroundings, clock, log } = ports;
  const begun = restart(opened.stored.desk);
  let state: TradeState = { ...begun, desk: opened.stored.desk };
  let book: Omit<StoredWork, "desk"> = { known: opened.stored.known, isReplacement: opened.stored.isReplacement };
  /** What the outside was last told; null where that is not known, and then it is no more than what is on the disk. */
  let served: { readonly text: string; readonly ids: ReadonlySet<string> } | null = null;
  let shut: string | null = null;
  let trades = 0;
  let lastFault = "";
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const node = state.desk.node;
  const around = (): Surroundings => ({ ...surroundings, nowMs: Math.trunc(clock.wallMs()) });

  /** One after the other, whatever they wait for. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    waiting += 1;
    const turn = last.then(work).finally(() => {
      waiting -= 1;
    });
    last = turn.catch(() => undefined);
    return turn;
  }

  async function serve(items: readonly WorkItem[]): Promise<boolean> {
    const list = items.map(({ id, units }) => ({ id, units }));
    const text = JSON.stringify(list);
    if (served?.text === text) return true;
    const isDone = await ports.serve(list);
    served = isDone ? { text, ids: new Set(list.map(({ id }) => id)) } : null;
    return isDone;
  }

  /** What leaves the desk is served no more. */
  async function stopServing(next: Desk): Promise<boolean> {
    const staying = new Set(next.work.map(({ id }) => id));
    const isServedStill = state.desk.work.some(({ id }) => !staying.has(id) && (served === null || served.ids.has(id)));
    return !isServedStill || (await serve(state.desk.work.filter(({ id }) => staying.has(id))));
  }

  function store(desk: Desk, rest: Omit<StoredWork, "desk">): boolean {
    if (desk === state.desk && rest === book) return true;
    try {
      const saved = opened.file.save({ desk, ...rest });
      shut = saved.kind === "damaged" ? saved.reason : null;
    } catch (error) {
      shut = `the desk cannot be stored: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (shut === null) book = rest;
    else log.decision({ module: "agent", subject: node, kind: "work-shut", reason: shut });
    return shut === null;
  }

  async function carryOut(step: TradeStep, rest: Omit<StoredWork, "desk"> = book): Promise<Heard> {
    const { desk } = step.state;
    if (!(await stopServing(desk))) return "held";
    if (!store(desk, rest)) return "shut";
    if (step.kind === "settled" || step.kind === "taken") trades += 1;
    state = step.state;
    if (!UNNOTED.has(step.kind)) log.decision({ module: "agent", subject: node, kind: `work-${step.kind}`, reason: step.reason });
    if (step.message !== null) ports.send(step.message);
    await serve(state.desk.work);
    return step.kind;
  }

  /** What the operator's file says newly. A fault of it is told once, and changes nothing. */
  async function takeItems(): Promise<void> {
    const read = ports.readItems();
    const fault = (reason: string): void => {
      if (reason !== lastFault && reason !== "") log.warn("the file of work items has faults", { reason });
      lastFault = reason;
    };
    if (read === null) return;
    if (read.kind === "invalid") return fault(read.reason);
    if (book.isReplacement) {
      const known = read.file.assigned.map(({ id }) => id);
      const reason = `the desk was lost: ${known.length} items that may be on other desks by now are not taken on`;
      log.decision({ module: "agent", subject: node, kind: "work-not-assigned", reason });
      await carryOut(silent("waiting", state, reason), { known, isReplacement: false });
      return;
    }
    const before = { desk: state.desk, known: book.known };
    const { book: next, refused } = applyItems(before, read.file);
    fault(refused.slice(0, 5).join("; "));
    if (next === before) return;
    const step = silent("waiting", { ...state, desk: next.desk }, "the operator's file of items");
    await carryOut(step, { known: next.known, isReplacement: false });
  }

  return {
    /** Makes the new epoch durable before anything is said in it, and has served what is on the desk. */
    begin: () => inTurn(async () => await carryOut(silent("waiting", begun, "the agent has started"))),

    /** The round's first half: new work is taken on, and the report is made that the others are to be sent. Null: trading is shut. */
    beginRound: (): Promise<WorkReport | null> =>
      inTurn(async () => {
        if (shut === null) await takeItems();
        if (shut === null) await serve(state.desk.work);
        return shut === null ? reportOf(state, around().nowMs) : null;
      }),

    /** The second half: what to offer to whom, by what everybody was sent. */
    endRound: (own: WorkReport, reports: readonly WorkReport[]): Promise<Heard> =>
      inTurn(async () => (shut === null ? await carryOut(tick(state, own, reports, around())) : "shut")),

    /** A message whose signature fits its sender. */
    hear(message: TradeMessage): Promise<Heard> {
      if (waiting >= WAITING_MAX) return Promise.resolve("busy");
      return inTurn(async () => (shut === null ? await carryOut(receive(state, message, around())) : "shut"));
    },

    /** Whether it would be heard now; costs next to nothing. */
    screen: (message: TradeMessage) => screen(state, message, around()),
    shutReason: (): string | null => shut,
    view: (): Omit<WorkView, "refused"> => ({ ...loadOf(state.desk), items: itemCountOf(state.desk), trades }),
    /** Resolves when nothing is under way. */
    settled: (): Promise<unknown> => last,
  };
}
