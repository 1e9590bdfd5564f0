/**
 * The fleet as it lives, until it is told to stop: on a terminal a block that is redrawn in place, elsewhere a line an event and
 * a line of status each ten seconds. Looks once a second, never two looks at once; what cannot be read is said, the last good
 * picture stays, and the view goes on, since it is wanted most when things fail.
 */
import { createLogUpdate } from "log-update";
import type { Fleet } from "../core/kernel/fleet.ts";
import type { Clock, Nodes, Registry } from "../core/kernel/ports.ts";
import type { BusEvent } from "../core/kernel/records.ts";
import type { Out } from "./command.ts";
import { type FleetStatus, readStatus } from "./facts/fleet-status.ts";
import { type NodeRow, readNodeRows } from "./facts/node-rows.ts";
import { eventFollower, latestEvents } from "./read-events.ts";
import { eventLine } from "./render/events.ts";
import { type Frame, renderFrame, statusLine } from "./render/frame.ts";
import type { Paint } from "./render/paint.ts";
import { plain } from "./render/paint.ts";

export const LOOK_MS = 1_000;
export const STATUS_LINE_MS = 10_000;
/** As many as fit under four nodes on a terminal of 24 lines. */
const EVENTS_SHOWN = 8;
/** A second's look reads a few items a node: with more nodes than this, their rows are read more rarely. */
const NODES_A_LOOK = 20;

export type LiveView = {
  readonly registry: Registry;
  readonly fleetName: string;
  readonly fleet: Fleet | null;
  /** To ask nodes for their heads directly; null to take what the watchers recorded. */
  readonly nodes: Nodes | null;
  readonly clock: Clock;
  readonly out: Out;
  readonly paint: Paint;
  readonly signal: AbortSignal;
};

export async function runLiveView(view: LiveView): Promise<void> {
  const { clock, signal } = view;
  const screen = view.out.isTTY === true ? drawnScreen(view) : lineScreen(view);
  const follower = eventFollower(view.registry, clock.wallMs());
  const rowsEvery = Math.max(1, Math.ceil((view.fleet?.nodes.length ?? 0) / NODES_A_LOOK));
  let frame: Frame = { status: null, rows: [], events: [], fault: null };
  for (let look = 0; !signal.aborted; look += 1) {
    const beganMs = clock.monotonicMs();
    try {
      if (look === 0) frame = { ...frame, events: await latestEvents(view.registry, EVENTS_SHOWN) };
      const [status, rows, fresh] = await Promise.all([readStatus(view), look % rowsEvery === 0 ? readNodeRows(view) : frame.rows, follower.poll()]);
      const known = new Set(frame.events.map(({ id }) => id));
      const news = fresh.filter(({ id }) => !known.has(id));
      frame = { status, rows, events: [...frame.events, ...news].slice(-EVENTS_SHOWN), fault: null };
      screen.show(frame, news);
    } catch (error) {
      frame = { ...frame, fault: error instanceof Error ? error.message : String(error) };
      screen.show(frame, []);
    }
    await clock.sleep(Math.max(0, LOOK_MS - (clock.monotonicMs() - beganMs)), signal);
  }
  screen.close();
}

type Screen = { show(frame: Frame, news: readonly BusEvent[]): void; close(): void };

function drawnScreen({ out, paint }: LiveView): Screen {
  const update = createLogUpdate(out as NodeJS.WriteStream);
  return { show: (frame) => update(renderFrame(paint, frame)), close: () => update.done() };
}

function lineScreen({ out, clock }: LiveView): Screen {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let faultSaid: string | null = null;
  const say = (line: string): unknown => out.write(`${line}\n`);
  const due = (): boolean => clock.monotonicMs() - saidAtMs >= STATUS_LINE_MS;
  const sayStatus = (status: FleetStatus, rows: readonly NodeRow[]): void => {
    saidAtMs = clock.monotonicMs();
    say(`${new Date(status.atMs).toISOString().slice(11, 23)}  ${statusLine(status, rows)}`);
  };
  return {
    show({ status, rows, fault }, news) {
      for (const event of news) say(eventLine(plain, event));
      if (fault !== null && fault !== faultSaid) say(`cannot be read: ${fault}`);
      faultSaid = fault;
      if (status !== null && fault === null && due()) sayStatus(status, rows);
    },
    close: () => {},
  };
}
