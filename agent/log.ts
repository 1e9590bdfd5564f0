/** One JSON line per decision on standard output, for the init system's journal. Callers give facts; no key, passphrase or command body is one. */
import type { Log } from "../core/kernel/ports.ts";

/** A line is read by people and by shippers that cut at 8 KB or so. */
const LINE_CHARACTERS_MAX = 4_000;

export function jsonLog(options: { fleet: string; node: string; wallMs: () => number; write: (line: string) => void }): Log {
  const print = (facts: Record<string, unknown>): void => {
    const line = JSON.stringify({ at: new Date(options.wallMs()).toISOString(), fleet: options.fleet, node: options.node, ...facts });
    options.write(`${line.length > LINE_CHARACTERS_MAX ? JSON.stringify({ cut: line.slice(0, LINE_CHARACTERS_MAX) }) : line}\n`);
  };
  return {
    decision: (facts) => print({ level: "info", ...facts }),
    warn: (message, facts = {}) => print({ level: "warn", message, ...facts }),
  };
}
