/** `ha incidents`: the newest first, a line each. */
import type { Incident } from "../../core/kernel/incident.ts";
import { isOpen } from "../../core/kernel/incident.ts";
import { type Command, numberOption } from "../command.ts";
import { newestIncidents } from "../names.ts";
import { type Paint, paintState } from "../render/paint.ts";
import { table } from "../render/table.ts";
import { span } from "../render/time.ts";

const LIMIT = 20;

export const incidentsCommand: Command = {
  usage: "incidents",
  summary: "the incidents, newest first",
  examples: [["$0 incidents --open", "only those that are not over"]],
  build: (argv) =>
    argv
      .option("open", { type: "boolean", default: false, describe: "only those that are not over" })
      .option("limit", { type: "number", default: LIMIT, describe: "how many at most" }),
  async run(options, { registry, clock }, io) {
    const limit = Math.max(1, Math.floor(numberOption(options, "limit") ?? LIMIT));
    const found = (await newestIncidents(registry)).filter(({ status }) => options.open !== true || isOpen(status)).slice(0, limit);
    const text =
      found.length === 0 ? (options.open === true ? "No incident is open." : "There was no incident yet.") : rows(io.paint, found, clock.wallMs());
    return { data: { schema: 1, incidents: found.map(summaryOf) }, text };
  },
};

function rows(paint: Paint, incidents: readonly Incident[], nowMs: number): string {
  return table(
    paint,
    ["incident", "kind", "status", "moved", "opened", "lasted", "why"],
    incidents.map((incident) => [
      paint.bold(incident.id),
      incident.kind,
      paintState(paint, incident.status),
      `${incident.from ?? "nobody"} → ${incident.outcome?.holder ?? incident.to ?? "?"}`,
      `${span(nowMs - incident.openedAtMs)} ago`,
      incident.endedAtMs === null ? "not over" : span(incident.endedAtMs - incident.openedAtMs),
      incident.reason,
    ]),
  );
}

/** The incident's own fields without its workings; `ha incident <id> --json` has them. */
function summaryOf({ id, role, kind, status, mode, reason, requestedBy, openedAtMs, endedAtMs, from, to, outcome }: Incident) {
  return { id, role, kind, status, mode, reason, requestedBy, openedAtMs, endedAtMs, from, to, outcome };
}
