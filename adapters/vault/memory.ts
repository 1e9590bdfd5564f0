/**
 * A fixed number of shared buffers of one size, lent out one at a time: who finds none waits, so memory has a limit. Once
 * abandoned it lends nothing more and lets nobody wait for what will not come back.
 */
export class Memory {
  private readonly free: Uint8Array[] = [];
  private readonly waiting: { resolve(buffer: Uint8Array): void; reject(reason: unknown): void }[] = [];
  private made = 0;
  private abandoned: { readonly reason: unknown } | null = null;
  private readonly sizeBytes: number;
  private readonly most: number;

  constructor(sizeBytes: number, most: number) {
    this.sizeBytes = sizeBytes;
    this.most = most;
  }

  async borrow(): Promise<Uint8Array> {
    if (this.abandoned !== null) throw this.abandoned.reason;
    const buffer = this.free.pop();
    if (buffer !== undefined) return buffer;
    if (this.made < this.most) {
      this.made += 1;
      return new Uint8Array(new SharedArrayBuffer(this.sizeBytes));
    }
    return await new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  giveBack(buffer: Uint8Array): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(buffer);
    else next.resolve(buffer);
  }

  /** Whoever waits, now or later, gets the reason instead. */
  abandon(reason: unknown): void {
    this.abandoned ??= { reason };
    for (const { reject } of this.waiting.splice(0)) reject(reason);
  }
}
