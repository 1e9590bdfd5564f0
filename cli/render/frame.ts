/** The live view's picture: what `ha status` and `ha nodes` say, tightened into one block, and the newest events beneath. */
import type { BusEvent } from "../../core/kernel/records.ts";
import type { FleetStatus, RoleStatus } from "../facts/fleet-status.ts";
import type { NodeRow } from "../facts/node-rows.ts";
import { eventLine } from "./events.ts";
import { nodeTable } from "./nodes.ts";
import { type Paint, paintState } from "./paint.ts";
import { advice, budgetLine, headline } from "./status.ts";
import { span } from "./time.ts";

export type Frame = {
  readonly status: FleetStatus | null;
  readonly rows: readonly NodeRow[];
  readonly events: readonly BusEvent[];
  /** Why the picture is not of now, if it is not. */
  readonly fault: string | null;
};

export function renderFrame(paint: Paint, { status, rows, events, fault }: Frame): string {
  const fresh = fault === null ? [] : [paint.red(`not of now: ${fault}`)];
  if (status === null) return [...fresh, paint.dim("nothing was read yet …")].join("\n");
  return [
    headline(paint, status),
    ...fresh,
    ...status.roles.map((role) => roleLine(paint, role)),
    "",
    nodeTable(paint, rows, ["zone"]),
    "",
    watchersLine(paint, status),
    budgetLine(paint, status),
    ...advice(status).map((line) => `${paint.yellow("!")} ${line}`),
    "",
    ...(events.length === 0 ? [paint.dim("no events yet")] : events.map((event) => eventLine(paint, event))),
  ].join("\n");
}

export function roleLine(paint: Paint, role: RoleStatus): string {
  const holder = role.holder === null ? paint.red("nobody") : paint.bold(role.holder);
  const granted =
    role.grantedForMs === null ? "" : role.grantedForMs > 0 ? `, granted for ${span(role.grantedForMs)}` : `, ${paint.red("no slot granted")}`;
  const through = role.throughSlot === null ? "" : ` through slot ${role.throughSlot}`;
  const incident = role.openIncident === null ? "" : `   ${paint.yellow(`${role.openIncident.id} ${role.openIncident.status}`)}`;
  return `${role.role}: ${holder}, epoch ${role.epoch}, ${paintState(paint, role.state)}${through}${granted}   mode ${role.mode ?? "?"}${incident}`;
}

export function watchersLine(paint: Paint, status: FleetStatus): string {
  const each = status.watchers.map((watcher) => {
    const age = `${watcher.observer} ${span(watcher.beatAgeMs)} ago`;
    return watcher.fresh ? age : paint.red(age);
  });
  return `watched from: ${each.join(", ") || paint.red("nowhere")}`;
}

/** One line for where there is no terminal to draw on. */
export function statusLine(status: FleetStatus, rows: readonly NodeRow[]): string {
  const roles = status.roles.map((role) => `${role.role} ${role.holder ?? "nobody"} (epoch ${role.epoch}, ${role.state})`);
  const nodes = rows.map(
    (row) => `${row.node} ${row.head ?? "none"} ${[...new Set(row.verdicts.map(({ kind }) => kind))].join("/") || "not judged"}`,
  );
  return `network ${status.network}; ${roles.join("; ")}; ${nodes.join(", ")}`;
}
