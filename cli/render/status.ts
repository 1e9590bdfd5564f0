/** `ha status` for people: the worst first to see, each line a fact, and what to do where something is not as it should be. */
import type { FleetStatus, RoleStatus, WatcherStatus } from "../facts/fleet-status.ts";
import { type Paint, paintState } from "./paint.ts";
import { counted, listed, table } from "./table.ts";
import { span, timeOfDay } from "./time.ts";

export function renderStatus(paint: Paint, status: FleetStatus): string {
  return [
    headline(paint, status),
    "",
    table(
      paint,
      ["role", "holder", "epoch", "state", "held for", "granted", "mode", "incident"],
      status.roles.map((role) => roleRow(paint, role)),
    ),
    "",
    table(
      paint,
      ["watched from", "nodes", "last beat", "network"],
      status.watchers.map((watcher) => watcherRow(paint, watcher)),
    ),
    "",
    budgetLine(paint, status),
    ...advice(status).map((line) => `${paint.yellow("!")} ${line}`),
  ].join("\n");
}

export function headline(paint: Paint, status: FleetStatus): string {
  const slot = status.slot === null ? "" : `   slot ${status.slot}`;
  return `${paint.bold(status.fleet)}   network ${paintState(paint, status.network)}${slot}   ${timeOfDay(status.atMs).slice(0, 8)} UTC`;
}

export function roleRow(paint: Paint, role: RoleStatus): string[] {
  const incident = role.openIncident;
  return [
    paint.bold(role.role),
    role.holder ?? paint.red("nobody"),
    String(role.epoch),
    paintState(paint, role.state),
    role.heldForMs === null || role.state === "unheld" ? "-" : span(role.heldForMs),
    grantedCell(role),
    role.mode === null ? "?" : `${paintState(paint, role.mode)}${role.modeSetBy === null ? "" : paint.dim(` (by ${role.modeSetBy})`)}`,
    incident === null ? "-" : `${incident.id} ${paintState(paint, incident.status)}`,
  ];
}

function grantedCell(role: RoleStatus): string {
  if (role.throughSlot === null) return "-";
  if (role.grantedForMs === null) return `through ${role.throughSlot}`;
  return role.grantedForMs > 0 ? `through ${role.throughSlot} (${span(role.grantedForMs)})` : `ended ${span(-role.grantedForMs)} ago`;
}

const watcherRow = (paint: Paint, watcher: WatcherStatus): string[] => [
  `${watcher.observer}${watcher.shard === "0" ? "" : `/${watcher.shard}`}`,
  String(watcher.nodeCount),
  watcher.fresh ? `${span(watcher.beatAgeMs)} ago` : paint.red(`${span(watcher.beatAgeMs)} ago`),
  watcher.fresh ? paintState(paint, watcher.network) : paint.dim(`${watcher.network}, then`),
];

export function budgetLine(paint: Paint, { budget }: FleetStatus): string {
  const perHour = budget.perHourMax === null ? `${budget.lastHour}` : `${budget.lastHour} of ${budget.perHourMax}`;
  const atOnce = budget.atOnceMax === null ? `${budget.underWay}` : `${budget.underWay} of ${budget.atOnceMax}`;
  const line = `failovers: ${perHour} in the last hour, ${atOnce} under way`;
  return budget.spent ? paint.yellow(line) : line;
}

/** What a person should do about it, worst first; nothing where all is well. */
export function advice(status: FleetStatus): string[] {
  const { budget, unwatchedFrom, watchers, roles } = status;
  const silent = unwatchedFrom.length > 0 && watchers.every(({ fresh }) => !fresh);
  return [
    ...(silent ? ['Nobody watches this fleet: leases run out and nothing is moved. See "No watcher" in docs/operations.md.'] : []),
    ...(!silent && unwatchedFrom.length > 0
      ? [`Nobody watches from ${listed(unwatchedFrom)}: the others carry on, and no quorum has that vote. See "No watcher" in docs/operations.md.`]
      : []),
    ...roles.flatMap((role) => roleAdvice(role)),
    ...(budget.spent && budget.perHourMax !== null && budget.lastHour >= budget.perHourMax
      ? [
          `The budget is spent: automation moves nothing more until the hour is over. \`ha incidents\` shows ${counted(budget.lastHour, "failover")}; a person may still \`ha failover <role>\`.`,
        ]
      : []),
  ];
}

function roleAdvice({ role, state, note, openIncident }: RoleStatus): string[] {
  if (openIncident?.status === "awaiting-approval")
    return [`${role} waits for you: \`ha incident ${openIncident.id}\`, then \`ha approve ${role}\` or \`ha reject ${role}\`.`];
  if (openIncident !== null) return [`${role} is being moved: \`ha incident ${openIncident.id}\` shows how far it is.`];
  if (state === "held") return [];
  return [`${role} is ${state}${note === null ? "" : ` (${note})`}. See "No holder" in docs/operations.md.`];
}
