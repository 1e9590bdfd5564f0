/** Files of the M4 competition's form: a header `V1,V2,…`, then one series a row, its id first and its values in order; cells after its end are empty. */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

export type M4Series = { readonly id: string; readonly values: Float64Array };

/** Larger files are not this bench's. */
const SERIES_MAX = 10_000;

/** Throws with file, line, what was found and what is allowed. A gap inside a series is NaN; `stepsMin` are needed for its hold-out. */
export function readM4(file: string, stepsMin: number): M4Series[] {
  const rows = parse(readFileSync(file, "utf8"), { relax_column_count: true, skip_empty_lines: true }) as string[][];
  const [header, ...body] = rows;
  if (header?.[0] !== "V1") throw new Error(`${file}, line 1: the header begins with "${header?.[0] ?? ""}", and a file of M4's form begins with V1`);
  if (body.length === 0 || body.length > SERIES_MAX) throw new Error(`${file}: ${body.length} series, and 1 to ${SERIES_MAX} are allowed`);
  return body.map((cells, place) => seriesOf(cells, `${file}, line ${place + 2}`, stepsMin));
}

function seriesOf([id = "", ...cells]: string[], where: string, stepsMin: number): M4Series {
  if (id === "") throw new Error(`${where}: the series has no id`);
  const end = cells.findLastIndex((cell) => !isEmpty(cell)) + 1;
  const values = Float64Array.from(cells.slice(0, end), (cell, place) => {
    const value = isEmpty(cell) ? Number.NaN : Number(cell);
    if (!isEmpty(cell) && !Number.isFinite(value))
      throw new Error(`${where}: value ${place + 1} of ${id} is "${cell}", and a number or an empty cell is allowed`);
    return value;
  });
  if (values.length < stepsMin) throw new Error(`${where}: ${id} has ${values.length} values, and its hold-out needs at least ${stepsMin}`);
  return { id, values };
}

function isEmpty(cell: string): boolean {
  return cell.trim() === "" || cell === "NA";
}
