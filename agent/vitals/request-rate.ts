/**
 * How many requests a second the node answers: a counter on its metrics page, looked at twice. The first look gives no rate, and
 * neither does one after which the counter stands lower than before, since the node was started again in between.
 */
import { get, type IncomingMessage } from "node:http";
import type { Clock } from "../../core/kernel/ports.ts";
import { readSelector, sumOf } from "./metric-page.ts";

/** A busy client's page is some 300 KB. */
const PAGE_BYTES_MAX = 4 * 1024 ** 2;
const PAGE_MS_MAX = 1_000;

export function requestRate(options: { url: string; requests: string; clock: Pick<Clock, "monotonicMs"> }) {
  const selector = readSelector(options.requests);
  let before: { readonly total: number; readonly atMs: number } | null = null;

  return {
    /** Requests a second since the last look that was answered; null where there is nothing to compare with. */
    async look(): Promise<number | null> {
      const page = selector === null ? null : await readPage(options.url);
      const total = page === null || selector === null ? null : sumOf(page, selector);
      if (total === null) return null;
      const now = { total, atMs: options.clock.monotonicMs() };
      const last = before;
      before = now;
      if (last === null || now.total < last.total || now.atMs <= last.atMs) return null;
      return ((now.total - last.total) * 1_000) / (now.atMs - last.atMs);
    },
  };
}

/** Null for whatever is not a whole page in time and within its limit. */
function readPage(url: string): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(url, { headers: { accept: "text/plain" }, agent: false }, (response) => void collect(response));
    const timer = setTimeout(() => end(null), PAGE_MS_MAX);
    request.on("error", () => end(null));

    function collect(response: IncomingMessage): void {
      if (response.statusCode !== 200) end(null);
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > PAGE_BYTES_MAX) end(null);
        else parts.push(part);
      });
      response.on("end", () => end(Buffer.concat(parts).toString("utf8")));
      response.on("error", () => end(null));
    }
    function end(page: string | null): void {
      clearTimeout(timer);
      resolve(page);
      request.destroy();
    }
  });
}
