/** Automation obeys every limit, a person passes those that exist to make a person look, and known faults are left alone for a while. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AdmissionFacts,
  admit,
  countsAgainstBudget,
  type Ledger,
  withEntry,
  withEntryEnded,
} from "../../../core/failover/stateful-failover/admission.ts";
import { FINISH_REST_MS, REPEAT_MS_MIN, recogniseFault } from "../../../core/failover/stateful-failover/admission-repeat.ts";
import { ATTEMPTS_MAX, attemptSucceeded, countAttempt, LOCK_MS } from "../../../core/failover/stateful-failover/approval.ts";
import { Fleet } from "../../../core/kernel/fleet.ts";
import type { IncidentId, NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import { fleetOf } from "../../support/fake-network-fleet.ts";

const NOW = 1_700_000_000_000;
const policy = Fleet.parse(fleetOf()).policies.failover;
const incidents = (index: number) => `primary-20261124T00000000${index}` as IncidentId;
const entries = fc.array(
  fc.record({
    role: fc.constantFrom("primary", "other"),
    agoMs: fc.integer({ min: 0, max: 8_000_000 }),
    tookMs: fc.option(fc.integer({ min: 0, max: 60_000 })),
  }),
  { maxLength: 9 },
);
const ledgerOf = (all: { role: string; agoMs: number; tookMs: number | null }[]): Ledger => ({
  recent: all.map(({ role, agoMs, tookMs }, index) => ({
    role: role as RoleName,
    incident: incidents(index),
    atMs: NOW - agoMs,
    endedAtMs: tookMs === null ? null : Math.min(NOW, NOW - agoMs + tookMs),
  })),
});
const facts = fc
  .record({
    kind: fc.constantFrom("failover" as const, "switchover" as const, "establish" as const),
    asker: fc.constantFrom("automation" as const, "system" as const, "person" as const),
    mode: fc.constantFrom("shadow" as const, "recommend" as const, "approve" as const, "auto" as const),
    ledger: entries.map(ledgerOf),
    outCount: fc.integer({ min: 0, max: 4 }),
    unasked: fc.constantFrom<NodeId[]>([], ["n2" as NodeId]),
    finishing: fc.boolean(),
    perHourMax: fc.integer({ min: 1, max: 4 }),
    cooldownSeconds: fc.integer({ min: 0, max: 600 }),
  })
  .map(
    ({ perHourMax, cooldownSeconds, ...rest }): AdmissionFacts => ({
      ...rest,
      incident: "primary-20261124T235959999" as IncidentId,
      role: "primary" as RoleName,
      nowMs: NOW,
      policy: { ...policy, perHourMax, cooldownSeconds },
      nodeCount: 4,
    }),
  );

describe("admission", () => {
  it("never lets a machine move a role in shadow or recommend, nor without asking in approve", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { kind } = admit(given);
        if (given.asker === "person") return;
        if (given.mode === "shadow" || given.mode === "recommend") expect(kind).toBe("record");
        if (given.mode === "approve") expect(kind).toBe("approve");
      }),
    );
  });

  it("never lets a machine exceed the hour's budget, the number at once, the cooldown or the share that is out", () => {
    fc.assert(
      fc.property(facts, (given) => {
        if (given.asker === "person" || given.kind === "establish" || given.finishing || admit(given).kind !== "proceed") return;
        const { recent } = given.ledger;
        expect(recent.filter(({ atMs }) => NOW - atMs < 3_600_000).length).toBeLessThan(given.policy.perHourMax);
        expect(
          recent.filter(({ endedAtMs, atMs }) => endedAtMs === null && NOW - atMs < given.policy.incidentOpenSecondsMax * 1_000).length,
        ).toBeLessThan(given.policy.atOnceMax);
        const ended = recent.filter(({ role, endedAtMs }) => role === "primary" && endedAtMs !== null);
        for (const { endedAtMs } of ended) expect(NOW - (endedAtMs ?? 0)).toBeGreaterThanOrEqual(given.policy.cooldownSeconds * 1_000);
        expect(given.outCount / given.nodeCount).toBeLessThanOrEqual(given.policy.outShareMax);
      }),
      { numRuns: 1_000 },
    );
  });

  it("lets a move that was left half-way be finished whatever limits are reached, and no other", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const left = { ...given, finishing: true, mode: "auto" as const, unasked: [] };
        expect(admit(left).kind).toBe("proceed");
        expect(countsAgainstBudget(left)).toBe(false);
      }),
    );
  });

  it("lets nobody pass over an agent that cannot say what it was granted, not even a person", () => {
    fc.assert(fc.property(facts, (given) => given.unasked.length === 0 || admit(given).kind !== "proceed"));
  });

  it("counts an incident once, ends it once, and forgets what a person refused", () => {
    fc.assert(
      fc.property(
        entries.map(ledgerOf),
        fc.constantFrom("resolved" as const, "escalated" as const, "rejected" as const, "expired" as const),
        (ledger, status) => {
          const entry = { role: "primary" as RoleName, incident: "primary-20261124T235959999" as IncidentId, atMs: NOW };
          const twice = withEntry(withEntry(ledger, entry), entry);
          expect(twice.recent.length).toBe(ledger.recent.length + 1);
          const once = withEntryEnded(twice, { incident: entry.incident, status, nowMs: NOW + 1 });
          expect(withEntryEnded(once, { incident: entry.incident, status, nowMs: NOW + 9 })).toEqual(once);
          expect(once.recent.length).toBe(ledger.recent.length + (status === "resolved" || status === "escalated" ? 1 : 0));
        },
      ),
    );
  });
});

describe("recognition", () => {
  const last = { id: incidents(1), status: "escalated" as const, kind: "failover" as const, from: "n1" as NodeId, endedAtMs: NOW };
  const fault = { asker: "automation" as const, kind: "failover" as const, node: "n1" as NodeId, sinceMs: NOW - 5_000, saidAtMs: NOW + 1 };

  it("opens no second incident for one fault before its rest is over, and one after", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900_000 }), fc.integer({ min: 0, max: 600_000 }), (laterMs, cooldownMs) => {
        const { kind } = recogniseFault({ fault, lease: null, last, cooldownMs, nowMs: NOW + laterMs });
        expect(kind).toBe(laterMs < Math.max(cooldownMs, REPEAT_MS_MIN) ? "waiting" : "new");
      }),
    );
  });

  it("finishes what has cost the role its holder after a short rest, whatever the cooldown", () => {
    const lease = { holder: "n1" as NodeId, state: "revoking", takenAtMs: 0 } as unknown as Lease;
    const left = { ...fault, node: null };
    const resting = (ms: number) => recogniseFault({ fault: left, lease, last, cooldownMs: 600_000, nowMs: NOW + ms }).kind;
    expect([resting(FINISH_REST_MS - 1), resting(FINISH_REST_MS)]).toEqual(["waiting", "new"]);
  });

  it("never holds up another fault, another node's, or a person's request", () => {
    const ask = (more: object) => recogniseFault({ fault: { ...fault, ...more }, lease: null, last, cooldownMs: 600_000, nowMs: NOW + 1 }).kind;
    expect([ask({ sinceMs: NOW + 1 }), ask({ node: "n2" }), ask({ asker: "person" }), ask({ kind: "establish" })]).toEqual([
      "new",
      "new",
      "new",
      "new",
    ]);
  });
});

describe("attempts", () => {
  it("never allows more than five wrong tokens in a quarter of an hour, whatever the pace", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: LOCK_MS }), { minLength: 1, maxLength: 60 }), (pauses) => {
        let operator = { name: "a", tokenHash: "$argon2id$x", failures: 0, lockedUntilMs: 0, createdAtMs: 0 };
        let nowMs = NOW;
        const allowed: number[] = [];
        for (const pause of pauses) {
          nowMs += pause;
          const attempt = countAttempt(operator, nowMs);
          if (!attempt.allowed) continue;
          allowed.push(nowMs);
          operator = attempt.next;
          expect(allowed.filter((atMs) => nowMs - atMs < LOCK_MS && atMs > (allowed.at(-1 - ATTEMPTS_MAX) ?? 0)).length).toBeLessThanOrEqual(
            ATTEMPTS_MAX,
          );
          const sixth = allowed.at(-1 - ATTEMPTS_MAX);
          if (sixth !== undefined) expect(nowMs - sixth).toBeGreaterThanOrEqual(LOCK_MS);
        }
        expect(countAttempt(attemptSucceeded(operator), nowMs).allowed).toBe(true);
      }),
    );
  });
});
