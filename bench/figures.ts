/**
 * `npm run figures`: writes the tables of README's section "Figures" from `bench/figures/*.json`, which `npm run bench -- <name> --write`
 * left there, so that no figure is ever typed. A test compares: a README that differs from its figures fails.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figures } from "./bench.ts";

type Stored = { bench: string; figures: Figures; pass: boolean; command: string; machine: string; measuredOn: string };

const BEGIN = "<!-- figures:begin -->";
const END = "<!-- figures:end -->";
const root = join(import.meta.dirname, "..");

export function renderFigures(): string {
  const folder = join(root, "bench", "figures");
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted();
  return names.map((name) => section(JSON.parse(readFileSync(join(folder, name), "utf8")) as Stored)).join("\n\n");
}

/** README's text with the section between its marks replaced. */
export function withFigures(readme: string, rendered: string): string {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md needs the marks ${BEGIN} and ${END}, in this order`);
  return `${readme.slice(0, from + BEGIN.length)}\n\n${rendered}\n\n${readme.slice(to)}`;
}

function section({ bench, figures, pass, command, machine, measuredOn }: Stored): string {
  const rows = Object.entries(figures).map(([name, value]) => `| ${name} | ${cell(value)} |`);
  const head = `**${bench}**: ${pass ? "every limit held" : "a limit was missed"}. \`${command}\`, ${measuredOn}, ${machine}.`;
  return [head, "", "| figure | value |", "|---|---|", ...rows].join("\n");
}

function cell(value: Figures[string]): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => named(name, part))
    .join("; ");
}

/** `medianMs: 12.5` reads "median 12.5 ms". */
function named(name: string, part: number | string | null): string {
  const [, stem = name, unit] = /^(.*?)(Ms|S)?$/.exec(name) ?? [];
  const words = unit === undefined ? name : stem;
  return unit === undefined
    ? name === "bytes"
      ? `${Math.round(Number(part) / 1_024)} KiB`
      : `${words} ${part}`
    : `${words} ${part} ${unit.toLowerCase()}`;
}

if (import.meta.main) {
  const file = join(root, "README.md");
  writeFileSync(file, withFigures(readFileSync(file, "utf8"), renderFigures()));
  console.log("README.md holds the figures of bench/figures/ now");
}
