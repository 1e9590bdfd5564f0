import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryRegistry } from "../../adapters/registry-memory.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { runLiveView, STATUS_LINE_MS } from "../../cli/live-view.ts";
import { eventFollower, eventsBetween } from "../../cli/read-events.ts";
import { everywhere } from "../../cli/registry-everywhere.ts";
import { findRehearsal } from "../../cli/rehearsal.ts";
import { plain } from "../../cli/render/paint.ts";
import { RegistryUnavailable } from "../../core/kernel/errors.ts";
import { serveControl } from "../../localstack/network/control.ts";
import { settableClock } from "../support/settable-clock.ts";
import { eventKey, eventOf, exampleFleet, leaseOf, NOW_MS, openRig } from "./rig.ts";

const clock = settableClock(NOW_MS);
const open = () => memoryRegistry({ fleet: "rehearsal", clock });

describe("events of several Regions", () => {
  it("are each shown once and none is missed, in whatever order they arrive within the lateness allowed", async () => {
    const arrivals = fc.array(
      fc.record({ minuteMs: fc.integer({ min: 0, max: 9_000 }), away: fc.boolean(), round: fc.integer({ min: 0, max: 4 }) }),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async (list) => {
        const [home, away] = [open(), open()];
        const follower = eventFollower(
          everywhere(home, [
            { region: "a", registry: home },
            { region: "b", registry: away },
          ]),
          NOW_MS,
        );
        const shown: string[] = [];
        for (let round = 0; round < 5; round += 1) {
          for (const [index, arrival] of list.entries()) {
            if (arrival.round !== round) continue;
            const event = eventOf(`event-${String(index).padStart(4, "0")}`, NOW_MS + arrival.minuteMs);
            await (arrival.away ? away : home).write("event", eventKey(event), event, "any");
          }
          shown.push(...(await follower.poll()).map(({ id }) => id));
        }
        expect(shown.toSorted()).toEqual(list.map((_, index) => `event-${String(index).padStart(4, "0")}`));
      }),
      { numRuns: 30 },
    );
  });

  it("are still shown from the Regions that answer, and the one that does not is named", async () => {
    const home = open();
    const event = eventOf("event-0001", NOW_MS);
    await home.write("event", eventKey(event), event, "any");
    const down = async () => {
      throw new RegistryUnavailable({ action: "list event", cause: "timeout" });
    };
    const missing: string[] = [];
    const tell = (region: string, reason: string | null) => void (reason === null || missing.push(region));
    const merged = everywhere(
      home,
      [
        { region: "a", registry: home },
        { region: "b", registry: { ...home, list: down } },
      ],
      tell,
    );
    expect(await eventsBetween(merged, NOW_MS - 1, NOW_MS)).toHaveLength(1);
    expect(missing).toEqual(["b"]);
    await expect(everywhere(home, [{ region: "b", registry: { ...home, list: down } }]).list("event", { limit: 5 })).rejects.toThrow(
      RegistryUnavailable,
    );
  });

  it("are read to the end, across pages, and not beyond the time asked for", async () => {
    const registry = open();
    for (let index = 0; index < 1_203; index += 1) {
      const event = eventOf(`event-${String(index).padStart(4, "0")}`, NOW_MS + index);
      await registry.write("event", eventKey(event), event, "any");
    }
    expect(await eventsBetween(registry, NOW_MS, NOW_MS + 1_200)).toHaveLength(1_201);
  });
});

describe("the live view without a terminal", () => {
  it("says each event as it comes, a status line each ten seconds, and goes on after a failed look", async () => {
    const registry = open();
    await registry.write("lease", "primary", leaseOf(), "any");
    const stop = new AbortController();
    let nowMs = NOW_MS;
    let look = 0;
    let written = "";
    const view = {
      registry: {
        ...registry,
        list: ((kind, options) => {
          if (look === 3) throw new RegistryUnavailable({ action: "list", cause: "cut" });
          return registry.list(kind, options);
        }) as typeof registry.list,
      },
      fleetName: "rehearsal",
      fleet: exampleFleet(),
      nodes: null,
      clock: {
        wallMs: () => nowMs,
        monotonicMs: () => nowMs,
        sleep: async (ms: number) => {
          nowMs += Math.max(1, ms);
          look += 1;
          if (look === 5) {
            const event = eventOf("event-0001", nowMs, "another.thing", { said: "hello" });
            await registry.write("event", eventKey(event), event, "any");
          }
          if (nowMs >= NOW_MS + 2 * STATUS_LINE_MS + 500) stop.abort();
        },
      },
      out: { write: (text: string) => (written += text) },
      paint: plain,
      signal: stop.signal,
    };
    await runLiveView(view);
    expect(written.match(/network unknown; primary n1/g)).toHaveLength(3);
    expect(written.match(/hello/g)).toHaveLength(1);
    expect(written).toContain("cannot be read");
  });
});

describe("a rehearsal", () => {
  const state = {
    supervisor: { pid: 4711 },
    endpoint: "http://127.0.0.1:4599",
    fleetFile: "fleet.yaml",
    control: { url: "http://127.0.0.1:1", token: "t".repeat(32) },
  };

  it("is believed only while its supervisor lives and its file is whole", () => {
    const folder = mkdtempSync(join(tmpdir(), "synnergy-cli-"));
    try {
      expect(findRehearsal(folder, () => true)).toBe(null);
      writeFileSync(join(folder, "state.json"), JSON.stringify(state));
      expect(findRehearsal(folder, () => true)).toMatchObject({ endpoint: state.endpoint });
      expect(findRehearsal(folder, () => false)).toBe(null);
      writeFileSync(join(folder, "state.json"), "{");
      expect(findRehearsal(folder, () => true)).toBe(null);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("makes the fault that was typed, and refuses a target that does not exist before anything is hurt", async () => {
    const made: unknown[] = [];
    const faults = {
      attachVault: () => {},
      run: async (name: string, target?: string, seconds?: number) => {
        made.push([name, target, ...(seconds === undefined ? [] : [seconds])]);
        return name === "nonsense"
          ? { kind: "refused" as const, reason: "there is no such fault" }
          : { kind: "done" as const, name, undo: "heal", steps: [] };
      },
    };
    const server = await serveControl({ port: 0, faults, network: () => ({}), scratch: { boot: async () => {}, end: async () => {} } });
    try {
      const { ha } = openRig({ rehearsal: { ...state, control: server.access } });
      expect((await ha("fault", "--list")).out).toContain("kill-node");
      expect((await ha("fault", "kill", "n1")).code).toBe(EXIT.ok);
      expect((await ha("fault", "kill-node", "n9")).code).toBe(EXIT.notFound);
      expect((await ha("fault", "kill-node")).code).toBe(EXIT.usage);
      expect((await ha("fault", "freez", "n1")).err).toContain('did you mean "freeze"?');
      expect((await ha("fault", "nonsense")).code).toBe(EXIT.notFound);
      expect((await ha("fault", "leak", "n1", "--seconds", "60")).out).toContain("Begun: leak n1");
      expect((await ha("fault", "leak", "n1", "--seconds", "long")).code).toBe(EXIT.usage);
      expect(made).toEqual([
        ["kill", "n1"],
        ["nonsense", undefined],
        ["leak", "n1", 60],
      ]);
    } finally {
      await server.close();
    }
  });
});
