/** Of any story of a source's cell: one run at most is under way, each request has a fate that is told, and nothing but a run's own end ends it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admitRequest, decideDue, lagOf, newSource, RUN_DEADLINE_MS } from "../../../../core/backup/asynchronous-backup/source.ts";
import { BackupSource } from "../../../../core/kernel/backup-source.ts";
import { anyStory, DAY_MS, requestOf, SOURCE, START_MS, Story } from "../../../support/source-story.ts";

describe("a source's cell", () => {
  it("has one run under way at most, starts each request once, loses none, and is changed by no run that was overtaken", () => {
    fc.assert(
      fc.property(anyStory, (deeds) => {
        const story = new Story();
        for (const deed of deeds) story.act(deed);
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes what waits along when a dead run is replaced, its full re-read included", () => {
    const at = (nowMs: number) => ({ nowMs, fullRereadMs: 7 * DAY_MS });
    const story = new Story();
    for (const number of [1, 2]) story.act({ kind: "request", number, fullReread: number === 2 });
    story.act({ kind: "pass", ms: RUN_DEADLINE_MS + 1 });
    const replaced = admitRequest(story.cell, requestOf(3), at(story.nowMs));
    expect(replaced).toMatchObject({
      verdict: "start",
      reason: "message-1 was not heard of until its deadline and is replaced",
      next: { running: { run: "message-3", fullReread: true }, waiting: null },
    });
  });

  it("starts nothing for a message that comes again after other runs", () => {
    const story = new Story();
    for (const number of [1, 2, 3]) {
      story.act({ kind: "request", number, fullReread: false });
      story.act({ kind: "end-own", isDone: true });
    }
    const again = admitRequest(story.cell, requestOf(1), { nowMs: story.nowMs, fullRereadMs: DAY_MS });
    expect(again).toEqual({ kind: "keep", verdict: "refused", reason: "this very request was taken before" });
  });

  it("asks again by the clock for what waited, where whoever ended the run could not", () => {
    const story = new Story();
    for (const number of [1, 2]) story.act({ kind: "request", number, fullReread: false });
    story.act({ kind: "end-own", isDone: true });
    const facts = { finalizedHeight: null, everySeconds: 3_600, everyBlocks: null, retrySeconds: 600 };
    expect(decideDue(story.cell, { ...facts, nowMs: story.nowMs + 59_999 }).kind).toBe("not-due");
    expect(decideDue(story.cell, { ...facts, nowMs: story.nowMs + 60_000 })).toEqual({ kind: "due", reason: "what somebody asked for waits: asked" });
  });

  it("remembers no more names of requests than its shape allows, and always the newest", () => {
    let { cell } = new Story();
    for (let number = 0; number < 100; number += 1) {
      const change = admitRequest(cell, requestOf(number), { nowMs: START_MS, fullRereadMs: DAY_MS });
      if (change.kind === "write") cell = change.next;
    }
    expect(BackupSource.parse(cell).taken.at(-1)).toBe("message-99");
  });
});

describe("what is due", () => {
  const facts = fc.record({
    pastSeconds: fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer({ min: -60, max: 100_000 })),
    blocks: fc.integer({ min: -100, max: 1_000 }),
    everySeconds: fc.integer({ min: 60, max: 50_000 }),
    everyBlocks: fc.option(fc.integer({ min: 1, max: 500 })),
    knows: fc.boolean(),
  });
  const backedUp = (): BackupSource => {
    const story = new Story();
    story.act({ kind: "request", number: 1, fullReread: false });
    story.act({ kind: "end-own", isDone: true });
    return story.cell;
  };

  it("is what is older than asked for in seconds or in blocks, and nothing else", () => {
    fc.assert(
      fc.property(facts, ({ pastSeconds, blocks, everySeconds, everyBlocks, knows }) => {
        const ageSeconds = everySeconds + pastSeconds;
        const nowMs = START_MS + ageSeconds * 1_000;
        const due = decideDue(backedUp(), { nowMs, finalizedHeight: knows ? 7 + blocks : null, everySeconds, everyBlocks, retrySeconds: 600 });
        const isDue = ageSeconds >= everySeconds || (knows && everyBlocks !== null && blocks >= everyBlocks);
        expect(due.kind).toBe(isDue ? "due" : "not-due");
      }),
    );
  });

  it("is not at once what has just failed", () => {
    const story = new Story();
    story.act({ kind: "request", number: 1, fullReread: false });
    story.act({ kind: "end-own", isDone: false });
    const at = (ms: number) => ({ nowMs: START_MS + ms, finalizedHeight: null, everySeconds: 60, everyBlocks: null, retrySeconds: 600 });
    expect(decideDue(story.cell, at(599_999)).kind).toBe("not-due");
    expect(decideDue(story.cell, at(600_000))).toEqual({ kind: "due", reason: "there is no backup yet" });
  });

  it("has a lag that is never negative, and none where there is no backup or no height", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.option(fc.integer({ min: 0, max: 100 })), (ms, finalizedHeight) => {
        const at = { nowMs: START_MS + ms, finalizedHeight };
        expect(lagOf(newSource(SOURCE), at)).toEqual({ seconds: null, blocks: null });
        const blocks = finalizedHeight === null ? null : Math.max(0, finalizedHeight - 7);
        expect(lagOf(backedUp(), at)).toEqual({ seconds: Math.max(0, ms) / 1_000, blocks });
      }),
    );
  });
});

describe("a run", () => {
  it("reads everything when the last full read is too old, when it was asked to, and the first time by itself", () => {
    const story = new Story();
    story.act({ kind: "request", number: 1, fullReread: false });
    story.act({ kind: "end-own", isDone: true });
    expect(story.cell.fullReadAtMs).toBe(START_MS);
    const startedAt = (ms: number) => admitRequest(story.cell, requestOf(2), { nowMs: START_MS + ms, fullRereadMs: 7 * DAY_MS });
    expect(startedAt(7 * DAY_MS - 1)).toMatchObject({ next: { running: { fullReread: false } } });
    expect(startedAt(7 * DAY_MS)).toMatchObject({ next: { running: { fullReread: true } } });
  });
});
