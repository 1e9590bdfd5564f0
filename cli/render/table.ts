/** A table for people: aligned columns, no boxes, so that it pastes into a chat and still reads. */
import Table from "cli-table3";
import type { Paint } from "./paint.ts";

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Rows of text under heads; no trailing blanks. */
export function table(paint: Paint, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({
    head: heads.map((head) => paint.dim(head)),
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) drawn.push([...row]);
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** `1 node`, `2 nodes`. */
export const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1);
  if (last === undefined) return "nobody";
  return words.length === 1 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
