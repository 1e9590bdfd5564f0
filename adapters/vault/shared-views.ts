/**
 * Shared memory between threads, named once. A buffer that goes with every message would be counted by the receiver's collector
 * each time as if it were new, and collected for; so each is sent once, and from then on messages only say which and where.
 */

/** A view in a message: of which shared buffer, and where in it. */
type Place = { readonly shared: number; readonly offset: number; readonly length: number };
export type Share = { readonly share: number; readonly buffer: SharedArrayBuffer };

export class SharedSender {
  private readonly numbers = new Map<SharedArrayBuffer, number>();
  private readonly announce: (share: Share) => void;

  /** `announce` must reach every thread before the next message does. */
  constructor(announce: (share: Share) => void) {
    this.announce = announce;
  }

  /** The task with its shared views named; what is not shared goes as it is. */
  name<T extends object>(task: T): T {
    const named = Object.entries(task).map(([field, value]) => [field, value instanceof Uint8Array ? this.place(value) : value]);
    return Object.fromEntries(named) as T;
  }

  private place(view: Uint8Array): Uint8Array | Place {
    const { buffer } = view;
    if (!(buffer instanceof SharedArrayBuffer)) return view;
    const number = this.numbers.get(buffer) ?? this.add(buffer);
    return { shared: number, offset: view.byteOffset, length: view.length };
  }

  private add(buffer: SharedArrayBuffer): number {
    const number = this.numbers.size;
    this.numbers.set(buffer, number);
    this.announce({ share: number, buffer });
    return number;
  }
}

export class SharedReceiver {
  private readonly buffers = new Map<number, SharedArrayBuffer>();

  take({ share, buffer }: Share): void {
    this.buffers.set(share, buffer);
  }

  /** What `SharedSender.name` named, as views again. */
  open<T extends object>(task: T): T {
    return Object.fromEntries(Object.entries(task).map(([field, value]) => [field, this.view(value)])) as T;
  }

  private view(value: unknown): unknown {
    if (typeof value !== "object" || value === null || !("shared" in value)) return value;
    const { shared, offset, length } = value as Place;
    const buffer = this.buffers.get(shared);
    if (buffer === undefined) throw new RangeError(`shared buffer ${shared} was never announced`);
    return new Uint8Array(buffer, offset, length);
  }
}
