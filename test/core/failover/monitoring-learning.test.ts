/** What is learned and forgotten: a node's manner of answering, the block interval, the penalty for flapping. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { arrived, firstArrival, suspicionAt } from "../../../core/failover/monitoring-system/accrual.ts";
import { intervalMs, learnMove, unlearned } from "../../../core/failover/monitoring-system/block-interval.ts";
import { skipTime } from "../../../core/failover/monitoring-system/detector.ts";
import { decayed, FLAP_PENALTY, faulted, PENALTY_MAX, undamped } from "../../../core/failover/monitoring-system/flap-damping.ts";
import { CADENCE_MS, Observer, RULES, refused } from "../../support/detector-rig.ts";

test("a node that always was jittery is given more time than a steady one", () => {
  const steady = Array.from({ length: 32 }, () => CADENCE_MS).reduce(
    (arrivals, gapMs) => arrived(arrivals, arrivals.lastMs + gapMs, CADENCE_MS),
    firstArrival(0),
  );
  const jittery = Array.from({ length: 32 }, (_, index) => (index % 2 === 0 ? 200 : 1_800)).reduce(
    (arrivals, gapMs) => arrived(arrivals, arrivals.lastMs + gapMs, CADENCE_MS),
    firstArrival(0),
  );
  const phi = (arrivals: typeof steady) => suspicionAt(arrivals, arrivals.lastMs + 2_500, CADENCE_MS);
  expect(phi(steady)).toBeGreaterThan(2 * phi(jittery));
});

test("suspicion never falls while the silence lasts", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 64 }), fc.nat(100_000), fc.nat(100_000), (gapsMs, one, two) => {
      const arrivals = gapsMs.reduce((soFar, gapMs) => arrived(soFar, soFar.lastMs + gapMs, CADENCE_MS), firstArrival(0));
      const [early, late] = [Math.min(one, two), Math.max(one, two)].map((ms) => suspicionAt(arrivals, arrivals.lastMs + ms, CADENCE_MS));
      expect(late ?? 0).toBeGreaterThanOrEqual(early ?? 0);
      expect(Number.isFinite(late)).toBe(true);
    }),
  );
});

test("the flap penalty only decays with time, is capped, and each fault close to the last costs more", () => {
  const gap = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 1, arbitrary: gap }, { weight: 20, arbitrary: fc.constant(0) }), { minLength: 1, maxLength: 50 }),
      gap,
      (gapsMs, laterMs) => {
        let nowMs = 0;
        let damping = undamped(0);
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          damping = faulted(damping, nowMs, RULES.flapHalfLifeMs);
          expect(damping.penalty).toBeGreaterThanOrEqual(FLAP_PENALTY);
          expect(damping.penalty).toBeLessThanOrEqual(PENALTY_MAX);
        }
        // Thirty more at one instant: more than the cap has room for.
        const beaten = Array.from({ length: 30 }).reduce<typeof damping>((soFar) => faulted(soFar, nowMs, RULES.flapHalfLifeMs), damping);
        expect(beaten.penalty).toBe(PENALTY_MAX);
        const later = decayed(damping, nowMs + laterMs, RULES.flapHalfLifeMs);
        expect(later.penalty).toBeLessThanOrEqual(damping.penalty);
        expect(decayed(damping, nowMs + RULES.flapHalfLifeMs, RULES.flapHalfLifeMs).penalty).toBeCloseTo(damping.penalty / 2, 6);
        expect(decayed(damping, nowMs + 5 * RULES.flapHalfLifeMs, RULES.flapHalfLifeMs).suppressed).toBe(false);
      },
    ),
  );
});

test("a node that flaps is healthy again, but not confirmed, until its penalty has decayed", () => {
  const observer = new Observer(["n1", "n2", "n3"]);
  observer.run(10);
  for (let flap = 0; flap < 4; flap += 1) {
    observer.tick({ n1: refused });
    observer.tick({ n1: refused });
    observer.run(3);
  }
  expect(observer.verdict("n1")).toMatchObject({ kind: "healthy", confirmed: false });
  observer.run(Math.ceil((3 * RULES.flapHalfLifeMs) / CADENCE_MS));
  expect(observer.verdict("n1")).toMatchObject({ kind: "healthy", confirmed: true });
});

test("time in which nobody watched is no evidence", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (skippedMs) => {
      const observer = new Observer(["n1", "n2", "n3"]);
      observer.run(10);
      const before = observer.judge("n1");
      observer.advance(skippedMs);
      observer.replace("n1", skipTime(observer.detector("n1"), skippedMs));
      expect(observer.judge("n1")).toMatchObject({ kind: before.kind, confirmed: before.confirmed, suspicion: before.suspicion });
    }),
  );
});

test("the learned block interval stays within the honest moves while fewer than half are nonsense", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 900, max: 1_100 }), { minLength: 16, maxLength: 16 }),
      fc.array(fc.integer({ min: 1, max: 10_000_000 }), { maxLength: 15 }),
      (honest, nonsense) => {
        const learned = [...nonsense, ...honest].reduce((interval, elapsedMs) => learnMove(interval, 1, elapsedMs), unlearned);
        expect(intervalMs(learned, null)).toBeGreaterThanOrEqual(900);
        expect(intervalMs(learned, null)).toBeLessThanOrEqual(1_100);
      },
    ),
  );
});
