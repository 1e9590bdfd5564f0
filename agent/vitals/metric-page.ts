/**
 * Reads one number out of a page of metrics in Prometheus' text form: the sum of every series that has a name and, where labels are
 * asked for, these labels among its own. Pure. The form: https://prometheus.io/docs/instrumenting/exposition_formats/.
 */

export type Selector = { readonly name: string; readonly labels: ReadonlyMap<string, string> };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y;
const UNESCAPED: Readonly<Record<string, string>> = { n: "\n", '"': '"', "\\": "\\" };

/** `name` or `name{label="value",…}`; null for anything else. */
export function readSelector(text: string): Selector | null {
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return null;
  const rest = text.slice(name.length).trim();
  if (rest === "") return { name, labels: new Map() };
  const labels = rest.startsWith("{") && rest.endsWith("}") ? readLabels(rest.slice(1, -1)) : null;
  return labels === null ? null : { name, labels };
}

/** Null where no series fits, or where one that fits is no finite number: part of a sum is not the sum. */
export function sumOf(page: string, { name, labels }: Selector): number | null {
  let sum: number | null = null;
  for (let at = page.indexOf(name); at >= 0; at = page.indexOf(name, at + name.length)) {
    if (at > 0 && page[at - 1] !== "\n") continue;
    const end = page.indexOf("\n", at);
    const series = readSeries(page.slice(at + name.length, end < 0 ? undefined : end));
    if (series === null || ![...labels].every(([label, wanted]) => series.labels.get(label) === wanted)) continue;
    if (!Number.isFinite(series.value)) return null;
    sum = (sum ?? 0) + series.value;
  }
  return sum;
}

/** What follows the name on its line; null where the line is of a longer name, or is none of the form. */
function readSeries(rest: string): { readonly labels: ReadonlyMap<string, string>; readonly value: number } | null {
  const close = rest.startsWith("{") ? closingBrace(rest) : -1;
  if (rest.startsWith("{") && close < 0) return null;
  const labels = close < 0 ? new Map<string, string>() : readLabels(rest.slice(1, close));
  const after = rest.slice(close + 1);
  if (labels === null || (close < 0 && !/^[ \t]/.test(after))) return null;
  const [value = ""] = after.trim().split(/[ \t]+/);
  return { labels, value: value === "" ? Number.NaN : Number(value) };
}

function closingBrace(text: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (quoted && sign === "\\") at += 1;
    else if (sign === '"') quoted = !quoted;
    else if (sign === "}" && !quoted) return at;
  }
  return -1;
}

function readLabels(text: string): Map<string, string> | null {
  const labels = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    LABEL.lastIndex = at;
    const found = LABEL.exec(text);
    if (found === null) return text.slice(at).trim() === "" ? labels : null;
    labels.set(
      found[1] ?? "",
      (found[2] ?? "").replaceAll(/\\(.)/g, (whole, sign: string) => UNESCAPED[sign] ?? whole),
    );
    at = LABEL.lastIndex;
  }
  return labels;
}
