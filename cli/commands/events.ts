/** `ha events`: what went by on the bus, from every Region; with `--follow` as it happens. */
import type { BusEvent } from "../../core/kernel/records.ts";
import { type Command, textOption } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { eventsBetween, followEvents } from "../read-events.ts";
import { eventLine } from "../render/events.ts";
import { sinceMs } from "../render/time.ts";

const SINCE = "15m";

export const eventsCommand: Command = {
  usage: "events",
  summary: "what happened, a sentence an event; --follow to go on as it happens",
  examples: [
    ["$0 events --since 2h", "the last two hours"],
    ["$0 events --follow", "the last quarter of an hour, then what comes, until Ctrl-C"],
    ["$0 events --follow --json", "one JSON object a line"],
  ],
  build: (argv) =>
    argv
      .option("follow", { alias: "f", type: "boolean", default: false, describe: "go on until Ctrl-C" })
      .option("since", { type: "string", default: SINCE, describe: "30s, 15m, 2h, 1d, or an instant such as 2026-11-24T19:00:00Z" }),
  async run(options, operations, io) {
    const { registry, clock } = operations;
    const typed = textOption(options, "since") ?? SINCE;
    const fromMs = sinceMs(typed, clock.wallMs());
    if (fromMs === null) {
      throw new CommandFailed({
        code: EXIT.usage,
        sentence: `--since ${typed} is neither a span nor an instant.`,
        next: "Write 30s, 15m, 2h, 1d, or 2026-11-24T19:00:00Z.",
      });
    }
    const line = (event: BusEvent): string => (io.json ? JSON.stringify(event) : eventLine(io.paint, event));
    if (options.follow === true) {
      await followEvents({ registry, clock, fromMs, signal: io.signal }, (events) => io.out.write(`${events.map(line).join("\n")}\n`));
      return null;
    }
    const events = await eventsBetween(registry, fromMs, clock.wallMs());
    return { data: { schema: 1, events }, text: events.length === 0 ? `Nothing happened since ${typed}.` : events.map(line).join("\n") };
  },
};
