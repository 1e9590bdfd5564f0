/** `ha nodes` for people: one line a node, one column an observer, and under the table why any verdict is not "healthy". */
import type { NodeRow } from "../facts/node-rows.ts";
import { type Paint, paintState } from "./paint.ts";
import { table } from "./table.ts";
import { span } from "./time.ts";

export function renderNodes(paint: Paint, rows: readonly NodeRow[]): string {
  if (rows.length === 0) return "No node is known: no fleet file was named, and nothing was ever watched.";
  const reasons = reasonLines(paint, rows);
  return [nodeTable(paint, rows, ["zone", "region", "client"]), ...(reasons.length > 0 ? ["", ...reasons] : [])].join("\n");
}

type Detail = "zone" | "region" | "client";

export function nodeTable(paint: Paint, rows: readonly NodeRow[], details: readonly Detail[]): string {
  const observers = [...new Set(rows.flatMap((row) => row.verdicts.map(({ observer }) => observer)))].sort();
  const heads = ["node", ...details.map(String), "head", "lag", ...observers, "standing", "holds"];
  return table(
    paint,
    heads,
    rows.map((row) => [
      paint.bold(row.node),
      ...details.map((detail) => row[detail] ?? "?"),
      row.head === null ? paint.dim("none") : String(row.head),
      row.lagBlocks === null ? "-" : row.lagBlocks === 0 ? "0" : paint.yellow(String(row.lagBlocks)),
      ...observers.map((observer) => verdictCell(paint, row, observer)),
      paintState(paint, row.standing),
      row.holds.map(({ role, epoch }) => paint.bold(`${role} (epoch ${epoch})`)).join(", ") || "-",
    ]),
  );
}

function verdictCell(paint: Paint, row: NodeRow, observer: string): string {
  const verdict = row.verdicts.find((each) => each.observer === observer);
  if (verdict === undefined) return paint.dim("not judged");
  /** A suspicion is not a finding: it carries a question mark until it is confirmed. */
  return `${paintState(paint, verdict.kind)}${verdict.confirmed || verdict.kind === "healthy" ? "" : "?"}`;
}

export function reasonLines(paint: Paint, rows: readonly NodeRow[]): string[] {
  return rows.flatMap((row) => [
    ...row.verdicts
      .filter(({ kind }) => kind !== "healthy")
      .map((verdict) => `${row.node}: ${verdict.observer} finds it ${paintState(paint, verdict.kind)} for ${span(verdict.forMs)}: ${verdict.reason}`),
    ...(row.standing === "member" ? [] : [`${row.node}: ${paintState(paint, row.standing)}: ${row.standingReason ?? "no reason was written"}`]),
  ]);
}
