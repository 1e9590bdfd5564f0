/**
 * One direction of one connection: bytes read at once, kept while the gate is shut, written in order when it is open. It reads
 * even while shut, up to a limit, because only a reader learns that the other side has hung up.
 */
import type { Socket } from "node:net";

/** More than any request or reply of ours (agents' commands are 512 KiB at most). */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

export type Lane = {
  into(target: Socket): void;
  open(open: boolean, delayMs: number): void;
  /** The source ended in good order, rather than broke off. */
  sawEnd(): boolean;
  drained(): boolean;
};

type Held = { readonly part: Buffer | null; dueMs: number };

/** `passed` is told each part that was written to the target. */
export function openLane(source: Socket, passed: (part: Buffer) => void = () => {}): Lane {
  const held: Held[] = [];
  let heldBytes = 0;
  let target: Socket | undefined;
  let isOpen = false;
  let delayMs = 0;
  let ended = false;
  let timer: NodeJS.Timeout | undefined;

  source.on("data", (part: Buffer) => {
    heldBytes += part.length;
    if (heldBytes > HELD_BYTES_MAX) source.pause();
    hold(part);
  });
  source.on("end", () => {
    ended = true;
    hold(null);
  });

  function hold(part: Buffer | null): void {
    held.push({ part, dueMs: performance.now() + delayMs });
    flush();
  }

  function flush(): void {
    clearTimeout(timer);
    while (isOpen && target?.writable) {
      const [next] = held;
      if (next === undefined) return;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(flush, waitMs);
        return;
      }
      held.shift();
      if (next.part === null) {
        target.end();
        return;
      }
      heldBytes -= next.part.length;
      passed(next.part);
      if (source.isPaused() && heldBytes <= HELD_BYTES_MAX) source.resume();
      if (target.write(next.part)) continue;
      source.pause();
      target.once("drain", () => source.resume());
    }
  }

  return {
    into(socket) {
      target = socket;
      socket.once("close", () => clearTimeout(timer));
      source.once("close", () => clearTimeout(timer));
      if (!socket.connecting) flush();
      else socket.once("connect", flush);
    },
    open(open, wait) {
      isOpen = open;
      delayMs = wait;
      flush();
    },
    sawEnd: () => ended,
    drained: () => held.length === 0,
  };
}
