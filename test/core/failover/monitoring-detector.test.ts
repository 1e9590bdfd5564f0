/** The detector's laws, over any history of probes: what it may and may not make of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadDetector, saveDetector } from "../../../core/failover/monitoring-system/detector-state.ts";
import { CONDEMNING, Verdict } from "../../../core/kernel/node.ts";
import { answer, CADENCE_MS, malformed, Observer, refused, silent } from "../../support/detector-rig.ts";

const outcome = fc.oneof(
  { weight: 6, arbitrary: fc.record({ latencyMs: fc.integer({ min: 1, max: 1_500 }), step: fc.integer({ min: -3, max: 5 }) }) },
  { weight: 1, arbitrary: fc.constant("silent" as const) },
  { weight: 1, arbitrary: fc.constant("refused" as const) },
  { weight: 1, arbitrary: fc.constant("malformed" as const) },
);
type Outcome = { latencyMs: number; step: number } | "silent" | "refused" | "malformed";
const history = fc.array(outcome, { maxLength: 40 });

function play(observer: Observer, node: string, outcomes: readonly Outcome[], height: number): number {
  let at = height;
  for (const one of outcomes) {
    if (typeof one === "object") at = Math.max(0, at + one.step);
    observer.tick({ [node]: typeof one === "object" ? answer(at, { latencyMs: one.latencyMs }) : { silent, refused, malformed }[one] });
  }
  return at;
}

test("any history gives a verdict in the published shape, and never throws", () => {
  fc.assert(
    fc.property(history, (outcomes) => {
      const observer = new Observer(["n1", "n2", "n3"]);
      play(observer, "n1", outcomes, 10);
      const verdict = observer.verdict("n1");
      expect(Verdict.parse(verdict)).toEqual(verdict);
      expect(Number.isFinite(verdict.suspicion) && verdict.suspicion >= 0).toBe(true);
    }),
  );
});

test("a detector restored from what was saved answers as the original would have", () => {
  fc.assert(
    fc.property(history, history, fc.integer({ min: -1_000_000, max: 1_000_000 }), (before, after, otherClockMs) => {
      const original = new Observer(["n1", "n2", "n3"]);
      const height = play(original, "n1", before, 10);
      const restored = original.movedToAnotherProcess(otherClockMs);
      play(original, "n1", after, height);
      play(restored, "n1", after, height);
      const [expected, found] = [original.verdict("n1"), restored.verdict("n1")];
      // Ages are re-computed from another clock, so the last bits of a fraction may differ.
      expect({ ...found, suspicion: 0, flapPenalty: 0 }).toEqual({ ...expected, suspicion: 0, flapPenalty: 0 });
      expect(found.suspicion).toBeCloseTo(expected.suspicion, 6);
      expect(found.flapPenalty).toBeCloseTo(expected.flapPenalty, 6);
    }),
  );
});

test("a state that is damaged or of another version is no state", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.tick({});
  const saved = saveDetector(observer.detector("n1"), observer.at());
  expect(loadDetector(JSON.parse(JSON.stringify(saved)), observer.at())).not.toBeNull();
  expect(loadDetector({ ...saved, version: 2 }, observer.at())).toBeNull();
  expect(loadDetector({ ...saved, judgement: { kind: "perfect" } }, observer.at())).toBeNull();
  fc.assert(fc.property(fc.anything(), (state) => loadDetector(state, observer.at()) === null));
});

test("a silence is suspected at the first miss, never confirmed before two cadences, always within eight", () => {
  // Steady at any pace, or anyhow: a node that answers every few milliseconds has the right to a pause as well.
  const gaps = fc.oneof(
    fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 64 }),
    fc.integer({ min: 1, max: 1_000 }).map((gapMs) => Array.from({ length: 20 }, () => gapMs)),
  );
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 20 * CADENCE_MS }), (gapsMs, sinceMs) => {
      const observer = new Observer(["n1", "n2", "n3"]);
      for (const gapMs of gapsMs) {
        observer.advance(gapMs);
        observer.probeOnce("n1", answer(10));
      }
      observer.advance(sinceMs);
      observer.probeOnce("n1", silent);
      const verdict = observer.judge("n1");
      expect(verdict.kind).toBe("unreachable");
      if (sinceMs < 2 * CADENCE_MS) expect(verdict.confirmed).toBe(false);
      if (sinceMs >= 8 * CADENCE_MS) expect(verdict.confirmed).toBe(true);
    }),
  );
});

test("refused once is a suspicion, refused twice is dead, and one good answer withdraws a mere suspicion", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.run(10);
  expect(observer.tick({ n1: refused }).n1).toMatchObject({ kind: "dead", confirmed: false });
  expect(observer.tick({}).n1).toMatchObject({ kind: "healthy", confirmed: true });
  observer.tick({ n1: refused });
  observer.advance(200);
  observer.probeOnce("n1", refused);
  expect(observer.judge("n1")).toMatchObject({ kind: "dead", confirmed: true });
});

test("judging the same facts twice changes nothing", () => {
  fc.assert(
    fc.property(history, (outcomes) => {
      const observer = new Observer(["n1", "n2", "n3"]);
      play(observer, "n1", outcomes, 10);
      const once = observer.judge("n1");
      expect(observer.judge("n1")).toEqual(once);
    }),
  );
});

test("the agent beside a silent node can say that it is dead; beside one that answers it is not believed", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.run(10);
  observer.ownAgents.set("n1", "refusing");
  expect(observer.tick({}).n1).toMatchObject({ kind: "healthy" });
  expect(observer.tick({ n1: silent }).n1).toMatchObject({ kind: "dead", confirmed: true });
});

test("a confirmed fault ends after two good answers, not after one", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.run(10);
  observer.tick({ n1: refused });
  observer.tick({ n1: refused });
  expect(observer.tick({}).n1).toMatchObject({ kind: "dead", confirmed: true });
  expect(observer.tick({}).n1).toMatchObject({ kind: "healthy", confirmed: true });
});

test("what began before the newest good answer is old news: a late miss or an older head is dropped", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.run(10);
  const before = observer.detector("n1");
  observer.probeOnce("n1", silent, -1_500);
  observer.probeOnce("n1", answer(1), -1_500);
  expect(observer.detector("n1")).toEqual(before);
});

test("malformed twice is lying; a wrong chain id or genesis is foreign at first sight", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.run(10);
  expect(observer.tick({ n1: malformed }).n1).toMatchObject({ kind: "lying", confirmed: false });
  expect(observer.tick({ n1: malformed }).n1).toMatchObject({ kind: "lying", confirmed: true });
  expect(observer.tick({ n2: answer(12, { chainId: 1 }) }).n2).toMatchObject({ kind: "foreign", confirmed: true });
  expect(observer.tick({ n3: answer(13, { genesisHash: `0x${"9".repeat(64)}` }) }).n3).toMatchObject({ kind: "foreign", confirmed: true });
});

test("slow is measured by the node's own history: three answers in a row, and it condemns nobody", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.run(10);
  const slowly = () => observer.tick({ n1: answer(observer.height + 1, { latencyMs: 700 }) }).n1;
  expect(slowly()).toMatchObject({ kind: "slow", confirmed: false });
  slowly();
  expect(slowly()).toMatchObject({ kind: "slow", confirmed: true });
  expect(CONDEMNING.has("slow")).toBe(false);
});
