/** One line on a terminal that says how far a long action has come, with a bar where the end is known; nothing where nobody watches. */
import type { Out } from "../command.ts";
import { bytes } from "./bytes.ts";

const REDRAW_MS = 100;
const CLEAR = "\r\u001b[2K";
const BAR = 24;

export class ProgressLine {
  private readonly out: Out;
  private readonly nowMs: () => number;
  private drawnMs = Number.NEGATIVE_INFINITY;
  private isDrawn = false;

  constructor(out: Out, nowMs: () => number) {
    this.out = out;
    this.nowMs = nowMs;
  }

  show(what: string, doneBytes: number, totalBytes: number | null): void {
    if (this.out.isTTY !== true || this.nowMs() - this.drawnMs < REDRAW_MS) return;
    this.drawnMs = this.nowMs();
    this.isDrawn = true;
    this.out.write(`${CLEAR}${bar(doneBytes, totalBytes)}${what}${doneBytes === 0 ? "" : `, ${bytes(doneBytes)}`}`);
  }

  clear(): void {
    if (this.isDrawn) this.out.write(CLEAR);
    this.isDrawn = false;
  }
}

/** What is unknown has no bar: one that jumps back says less than none. */
function bar(done: number, total: number | null): string {
  if (total === null || total <= 0) return "";
  const share = Math.min(1, done / total);
  const full = Math.round(share * BAR);
  return `[${"#".repeat(full)}${".".repeat(BAR - full)}] ${Math.floor(share * 100)} %  `;
}
