/** One line on a terminal that says how far a long action has come, at most ten times a second; nothing where nobody watches. */
import type { Out } from "../command.ts";
import { bytes } from "../render/bytes.ts";

const REDRAW_MS = 100;
const CLEAR = "\r\u001b[2K";

export class Progress {
  private readonly out: Out;
  private readonly what: string;
  private readonly nowMs: () => number;
  private doneBytes = 0;
  private things = 0;
  private drawnMs = Number.NEGATIVE_INFINITY;

  constructor(out: Out, what: string, nowMs: () => number) {
    this.out = out;
    this.what = what;
    this.nowMs = nowMs;
  }

  add(countBytes: number): void {
    this.doneBytes += countBytes;
    this.things += 1;
    if (this.out.isTTY !== true || this.nowMs() - this.drawnMs < REDRAW_MS) return;
    this.drawnMs = this.nowMs();
    this.out.write(`${CLEAR}${this.things} ${this.what}, ${bytes(this.doneBytes)}`);
  }

  clear(): void {
    if (this.out.isTTY === true && this.things > 0) this.out.write(CLEAR);
  }
}
