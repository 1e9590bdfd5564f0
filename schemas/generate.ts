/**
 * Publishes what others build on: the fleet file's shape, for editors, and every event's, for subscribers. Written from the zod shapes
 * that the product itself parses with, so that they cannot disagree; a test fails when a file here is stale.
 * `npm run schemas` writes them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { EVENT_SOURCE, EVENTS, type EventName } from "../core/kernel/events.ts";
import { Fleet } from "../core/kernel/fleet.ts";

/** Path below schemas/ → the file's text. */
export function renderSchemas(): Map<string, string> {
  const files = new Map([
    ["fleet.schema.json", render(Fleet, "Synnergy HA fleet file", "What an operator declares: chain, Regions, nodes, roles, policies.")],
  ]);
  for (const name of Object.keys(EVENTS) as EventName[]) {
    files.set(
      `events/${name}.schema.json`,
      render(EVENTS[name], name, `The detail of an EventBridge event from source ${EVENT_SOURCE} with this detail-type.`),
    );
  }
  return files;
}

/** The input side: what may be written, with defaults left out where they may be. */
function render(shape: z.ZodType, title: string, description: string): string {
  const { $schema, ...rest } = z.toJSONSchema(shape, { io: "input" });
  return `${JSON.stringify({ $schema, title, description, ...rest }, null, 2)}\n`;
}

if (import.meta.main) {
  for (const [path, text] of renderSchemas()) {
    const file = join(import.meta.dirname, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote schemas/${path}`);
  }
}
