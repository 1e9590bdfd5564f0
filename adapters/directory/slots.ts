/** So many at once and no more; whoever has waited longest is next. */
export class Slots {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(width: number) {
    if (!Number.isSafeInteger(width) || width < 1) throw new RangeError(`at least one file is visited at once, not ${width}`);
    this.free = width;
  }

  async take(): Promise<void> {
    if (this.free > 0) {
      this.free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** A slot given back goes straight to the next who waits. */
  give(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}
