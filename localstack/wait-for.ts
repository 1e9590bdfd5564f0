/** Waiting for what nobody tells of: asked again and again, for a bounded time, with a sentence that names what did not come. */

const LOOK_MS = 50;

/** The first answer that is neither false nor undefined. Throws once `withinMs` are over; milliseconds all. */
export async function waitFor<T>(
  what: string | (() => string),
  withinMs: number,
  look: () => Promise<T | false | undefined>,
  everyMs = LOOK_MS,
): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (performance.now() > untilMs) throw new Error(`waited ${withinMs / 1_000} s in vain for ${typeof what === "string" ? what : what()}`);
    await new Promise((done) => setTimeout(done, everyMs));
  }
}
