/** One trouble, one alert: it opens once, lasts as long as the trouble, and ends after calm, not after silence. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Alert, alertIdOf, decideAlert } from "../../../../core/prediction/dynamic-threshold-adjustment/alerts.ts";
import type { Verdict } from "../../../../core/prediction/dynamic-threshold-adjustment/verdict.ts";

const SETTINGS = { calmMs: 300_000 };
const MINUTE_MS = 60_000;
const verdictOf = (kind: Verdict["kind"], rarity = 0.01): Verdict => ({
  kind,
  score: 0.5,
  band: { low: 1, high: 2 },
  rarity,
  reason: `${kind} at ${rarity}`,
});
const anyKind = fc.constantFrom<Verdict["kind"]>("normal", "anomalous", "gap", "learning");

function follow(kinds: readonly Verdict["kind"][]) {
  let open: Alert | null = null;
  return kinds.map((kind, minute) => {
    const decision = decideAlert(open, { node: "a", metric: "cpu", atMs: minute * MINUTE_MS, verdict: verdictOf(kind) }, SETTINGS);
    open = decision.kind === "opened" || decision.kind === "goes-on" ? decision.alert : null;
    return decision;
  });
}

describe("alerts", () => {
  it("open before they go on or are resolved, never twice at once, and each has an id of its own", () => {
    fc.assert(
      fc.property(fc.array(anyKind, { maxLength: 80 }), (kinds) => {
        let isOpen = false;
        const ids: string[] = [];
        for (const decision of follow(kinds)) {
          expect(decision.reason).not.toBe("");
          if (decision.kind === "opened") {
            expect(isOpen).toBe(false);
            ids.push(decision.alert.id);
          }
          if (decision.kind === "goes-on" || decision.kind === "resolved") {
            expect(isOpen).toBe(true);
            expect(decision.alert.id).toBe(ids.at(-1));
          }
          isOpen = decision.kind === "opened" || decision.kind === "goes-on";
        }
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("are resolved after the stated calm, and not before", () => {
    const decisions = follow(["anomalous", ...new Array<"normal">(6).fill("normal")]);
    expect(decisions.map(({ kind }) => kind)).toEqual(["opened", "goes-on", "goes-on", "goes-on", "goes-on", "resolved", "none"]);
  });

  it("are not resolved by silence", () => {
    const decisions = follow(["anomalous", ...new Array<"gap">(60).fill("gap"), "normal"]);
    expect(decisions.slice(1, -1).every(({ kind }) => kind === "goes-on")).toBe(true);
    expect(decisions.at(-1)?.kind).toBe("resolved");
  });

  it("keep the words of their rarest point and count the others", () => {
    const open = decideAlert(null, { node: "a", metric: "cpu", atMs: 0, verdict: verdictOf("anomalous", 0.1) }, SETTINGS);
    if (open.kind !== "opened") throw new Error(open.reason);
    const rarer = decideAlert(open.alert, { node: "a", metric: "cpu", atMs: 1, verdict: verdictOf("anomalous", 0.001) }, SETTINGS);
    if (rarer.kind !== "goes-on") throw new Error(rarer.reason);
    const commoner = decideAlert(rarer.alert, { node: "a", metric: "cpu", atMs: 2, verdict: verdictOf("anomalous", 0.05) }, SETTINGS);
    expect(commoner).toMatchObject({ alert: { rarity: 0.001, explanation: "anomalous at 0.001", anomalousPoints: 3, startedAtMs: 0 } });
  });

  it("have an id that follows from node, metric and beginning alone, with no two pairs of names run together", () => {
    expect(alertIdOf({ node: "a", metric: "b", atMs: 5 })).toBe(alertIdOf({ node: "a", metric: "b", atMs: 5 }));
    const ids = [
      alertIdOf({ node: "ab", metric: "c", atMs: 5 }),
      alertIdOf({ node: "a", metric: "bc", atMs: 5 }),
      alertIdOf({ node: "a", metric: "b", atMs: 5 }),
    ];
    expect(new Set(ids).size).toBe(3);
  });
});
