/**
 * `npm run rehearse -- <story>`: one story, or all, unattended, on a rehearsal of its own beside whatever else runs. Prints the
 * timeline and what was measured, ends with one JSON line, and exits 0 only if every law and expectation held.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { eventsBetween } from "../cli/read-events.ts";
import { eventLine } from "../cli/render/events.ts";
import { plain } from "../cli/render/paint.ts";
import { freePort } from "./emulator/port.ts";
import { openRehearsal } from "./rehearsal/open-rehearsal.ts";
import { STORIES } from "./stories/catalogue.ts";
import { perform, type Told } from "./stories/perform.ts";
import { STORY_POLICIES } from "./stories/policies.ts";
import type { Story } from "./stories/story.ts";

const USAGE = "npm run rehearse -- <story> [<story> ...] | --all | --list";
const root = join(import.meta.dirname, "..");
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { all: { type: "boolean", default: false }, list: { type: "boolean", default: false } },
});

if (values.list) for (const { name, about } of STORIES) console.log(`${name.padEnd(28)} ${about}`);
else await tell(values.all ? STORIES : positionals.map(storyNamed));

function storyNamed(name: string): Story {
  const story = STORIES.find((one) => one.name === name);
  if (story === undefined) usage(`there is no story "${name}"; there are ${STORIES.map((one) => one.name).join(", ")}`);
  return story;
}

function usage(reason: string): never {
  console.error(`${reason}.\n${USAGE}`);
  process.exit(2);
}

async function tell(stories: readonly Story[]): Promise<void> {
  if (stories.length === 0) usage("which story");
  const rehearsal = await openRehearsal({
    root,
    folder: join(root, ".rehearsal", "stories"),
    fleetName: "stories",
    emulatorPort: await freePort(),
    policies: STORY_POLICIES,
    onStep: ({ name, ms, note }) => console.log(`${name.padEnd(20)} ${(ms / 1_000).toFixed(1).padStart(5)} s  ${note ?? ""}`.trimEnd()),
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void rehearsal.close().then(() => process.exit(1)));
  const told: Told[] = [];
  try {
    for (const story of stories) {
      console.log(`\n${story.name}: ${story.about}`);
      const fromMs = Date.now();
      told.push(await perform(story, rehearsal, (sinceMs, text) => console.log(`  ${(sinceMs / 1_000).toFixed(2).padStart(7)} s  ${text}`)));
      console.log("  what the bus said meanwhile:");
      for (const event of await eventsBetween(rehearsal.registry, fromMs, Date.now())) console.log(`    ${eventLine(plain, event)}`);
    }
  } finally {
    await rehearsal.close();
  }
  const held = told.every((one) => one.held);
  console.log(`\n${told.filter((one) => one.held).length} of ${told.length} stories held their laws`);
  console.log(JSON.stringify({ stories: told, held }));
  process.exitCode = held ? 0 : 1;
}
