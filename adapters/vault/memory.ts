/** A fixed number of shared buffers of one size, lent out one at a time: who finds none waits, so memory has a limit. */
export class Memory {
  private readonly free: Uint8Array[] = [];
  private readonly waiting: ((buffer: Uint8Array) => void)[] = [];
  private made = 0;
  private readonly sizeBytes: number;
  private readonly most: number;

  constructor(sizeBytes: number, most: number) {
    this.sizeBytes = sizeBytes;
    this.most = most;
  }

  async borrow(): Promise<Uint8Array> {
    const buffer = this.free.pop();
    if (buffer !== undefined) return buffer;
    if (this.made < this.most) {
      this.made += 1;
      return new Uint8Array(new SharedArrayBuffer(this.sizeBytes));
    }
    return await new Promise((resolve) => this.waiting.push(resolve));
  }

  giveBack(buffer: Uint8Array): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(buffer);
    else next(buffer);
  }
}
