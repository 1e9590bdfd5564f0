/** `ha incident <id>`: the whole story of one incident. */
import type { Incident } from "../../core/kernel/incident.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { type Command, textOption } from "../command.ts";
import { LIST_MAX, requireIncident } from "../names.ts";
import { eventsBetween } from "../read-events.ts";
import { narrativeData, renderNarrative, type Story } from "../render/narrative.ts";
import { faultBeganAtMs } from "../render/narrative-steps.ts";

/** Around the incident itself: what led to it, and the node's return. */
const AROUND_MS = 60_000;
const EVENTS_READ_MAX = 2_000;

export const incidentCommand: Command = {
  usage: "incident [id]",
  summary: "one incident in plain words: what was seen, the quorum's sum, each step, what to do next",
  examples: [
    ["$0 incident", "the newest"],
    ["$0 incident primary", "the role's open one, or its last"],
    ["$0 incident primary-20261124T194605123", "a certain one"],
  ],
  build: (argv) => argv.positional("id", { type: "string", default: "latest", describe: "an id, a role's name, or latest" }),
  async run(options, { registry, clock }, io) {
    const incident = await requireIncident(registry, textOption(options, "id") ?? "latest");
    const story = await readStory(registry, incident, clock.wallMs());
    return { data: narrativeData(story), text: renderNarrative(io.paint, story) };
  },
};

export async function readStory(registry: Registry, incident: Incident, nowMs: number): Promise<Story> {
  const [journal, events] = await Promise.all([
    registry.list("journal", { prefix: `${incident.id}/`, limit: LIST_MAX }),
    eventsBetween(registry, faultBeganAtMs(incident) - AROUND_MS, (incident.endedAtMs ?? nowMs) + AROUND_MS, EVENTS_READ_MAX),
  ]);
  return { incident, journal: journal.map(({ value }) => value), events, nowMs };
}
