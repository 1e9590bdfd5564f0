/** Every story that is not long on one live rehearsal: real nodes, the emulator, the stacks as deployed. The auditor is not told the story. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../localstack/emulator/port.ts";
import { openRehearsal, type Rehearsal } from "../../localstack/rehearsal/open-rehearsal.ts";
import { STORIES } from "../../localstack/stories/catalogue.ts";
import { perform } from "../../localstack/stories/perform.ts";
import { STORY_POLICIES } from "../../localstack/stories/policies.ts";

const OPEN_MS_MAX = 180_000;
const STORY_MS_MAX = 420_000;

let rehearsal: Rehearsal;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-stories-"));
  rehearsal = await openRehearsal({
    root: process.cwd(),
    folder,
    fleetName: "stories",
    emulatorPort: await freePort(),
    policies: STORY_POLICIES,
    onStep: () => {},
  });
}, OPEN_MS_MAX);

afterAll(async () => {
  await rehearsal?.close();
  rmSync(folder, { recursive: true, force: true });
}, OPEN_MS_MAX);

describe("the laws of one holder hold when", () => {
  it.each(STORIES.filter(({ isLong }) => isLong !== true))(
    "$name: $about",
    async (story) => {
      const timeline: string[] = [];
      const told = await perform(story, rehearsal, (sinceMs, text) => timeline.push(`${(sinceMs / 1_000).toFixed(2)} s  ${text}`));
      expect(told.held, timeline.join("\n")).toBe(true);
      expect(told.audit.blocks, "the auditor saw no blocks, so it judged nothing").toBeGreaterThan(0);
    },
    STORY_MS_MAX,
  );
});
