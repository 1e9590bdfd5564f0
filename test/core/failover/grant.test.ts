import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptGrant, emptyMemory, fence, issueNonce, maySign, neverHeld } from "../../../core/failover/stateful-failover/grant.ts";
import { renewLease } from "../../../core/failover/stateful-failover/lease.ts";
import { clearByAcknowledgement, establishLease, takeLease } from "../../../core/failover/stateful-failover/takeover.ts";
import type { IncidentId, NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { Grant, Lease } from "../../../core/kernel/lease.ts";

const ROLE = "primary" as RoleName;
const slots = { kind: "time", genesisTime: 0, seconds: 1 } as const;
const grantOf = (change: Partial<Grant> = {}): Grant => ({ role: ROLE, epoch: 3, leaseMs: 10_000, fromSlot: 100, throughSlot: 110, ...change });
const stored = neverHeld(ROLE);

function granted(grant = grantOf(), issuedAt = 1_000, arrivedAt = 1_500) {
  const result = acceptGrant(stored, issueNonce(emptyMemory, "nonce-1", issuedAt), { grant, nonce: "nonce-1", nowMs: arrivedAt });
  if (result.kind !== "accepted") throw new Error(result.reason);
  return result;
}

const lease = (change: Partial<Lease> = {}): Lease => ({
  role: ROLE,
  holder: "n1" as NodeId,
  epoch: 3,
  renewal: 7,
  leaseMs: 10_000,
  fromSlot: 100,
  throughSlot: 110,
  state: "revoking",
  boot: { bootId: "boot-one", storeCounter: 40 },
  revocation: { owner: "execution", incident: "primary-20261124T000000000" as IncidentId, markedAtMs: 0, deadlineMs: 10, cleared: null },
  registry: "table",
  takenAtMs: 0,
  ...change,
});

describe("an agent's grant", () => {
  it("is worth nothing from the instant its lease, counted from the nonce's issue, has ended", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 100, max: 110 }), (afterIssue, slot) => {
        const { stored, memory } = granted();
        const { answer } = maySign(stored, memory, { slot, nowMs: 1_000 + afterIssue });
        expect(answer.kind).toBe(afterIssue < 10_000 ? "yes" : "no");
      }),
    );
  });

  it("lets no slot be signed twice, below the watermark, or outside the granted slots", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 95, max: 115 }), { maxLength: 40 }), (asked) => {
        let { stored } = granted();
        const { memory } = granted();
        const yes: number[] = [];
        for (const slot of asked) {
          const reply = maySign(stored, memory, { slot, nowMs: 2_000 });
          stored = reply.stored;
          if (reply.answer.kind === "yes") yes.push(slot);
        }
        expect(yes).toEqual([...new Set(yes)].toSorted((a, b) => a - b));
        expect(yes.every((slot) => slot >= 100 && slot <= 110)).toBe(true);
      }),
    );
  });

  it("raises the durable watermark to just below its first slot, so that an acknowledgement speaks for every slot given up", () => {
    expect(granted().stored.watermark).toBe(99);
  });

  it("spends its nonce: the same message a second time is refused as replayed", () => {
    const { stored, memory } = granted();
    const again = acceptGrant(stored, memory, { grant: grantOf(), nonce: "nonce-1", nowMs: 1_600 });
    expect(again).toMatchObject({ kind: "refused", code: "replayed" });
  });

  it("is refused for ever once its epoch was fenced, whatever nonce it carries", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (epoch, fencedEpoch) => {
        const fenced = fence(stored, emptyMemory, fencedEpoch);
        const memory = issueNonce(fenced.memory, "nonce-2", 0);
        const result = acceptGrant(fenced.stored, memory, { grant: grantOf({ epoch }), nonce: "nonce-2", nowMs: 1 });
        expect(result.kind).toBe(epoch > fencedEpoch ? "accepted" : "refused");
      }),
    );
  });

  it("ends at the fence, and so does every nonce that was open then", () => {
    const { stored, memory } = granted();
    const fenced = fence(stored, issueNonce(memory, "nonce-2", 1_600), 3);
    expect(maySign(fenced.stored, fenced.memory, { slot: 105, nowMs: 1_700 }).answer.kind).toBe("no");
    const late = acceptGrant(fenced.stored, fenced.memory, { grant: grantOf({ epoch: 4 }), nonce: "nonce-2", nowMs: 1_700 });
    expect(late).toMatchObject({ kind: "refused", code: "replayed" });
  });
});

describe("an acknowledgement", () => {
  const word = { epoch: 3, watermark: 104, throughSlot: 110, boot: { bootId: "boot-one", storeCounter: 41 } };

  it("gives the successor the slot after the highest of the watermark and every block seen", () => {
    fc.assert(
      fc.property(fc.integer({ min: 99, max: 110 }), fc.integer({ min: -1, max: 110 }), (watermark, seen) => {
        const cleared = clearByAcknowledgement(lease(), { ...word, watermark }, seen);
        expect(cleared).toMatchObject({ kind: "write", clearance: { fromSlot: Math.max(watermark, seen) + 1 } });
      }),
    );
  });

  it("is refused when it contradicts what the registry last heard", () => {
    expect(clearByAcknowledgement(lease(), { ...word, boot: { bootId: "boot-two", storeCounter: 99 } }, -1).kind).toBe("refused");
    expect(clearByAcknowledgement(lease(), { ...word, boot: { bootId: "boot-one", storeCounter: 39 } }, -1).kind).toBe("refused");
    expect(clearByAcknowledgement(lease(), { ...word, epoch: 2 }, -1).kind).toBe("refused");
    // Of slots that the registry never granted: the item is older than the word.
    expect(clearByAcknowledgement(lease(), { ...word, throughSlot: 111 }, -1).kind).toBe("refused");
    expect(clearByAcknowledgement(lease(), { ...word, watermark: 111 }, -1).kind).toBe("refused");
  });

  it("does not let a rogue block far in the future push the successor beyond the granted slots", () => {
    expect(clearByAcknowledgement(lease(), word, 9_999_999)).toMatchObject({ clearance: { fromSlot: 111 } });
  });
});

describe("the lease item", () => {
  const report = { boot: { bootId: "boot-one", storeCounter: 45 }, closed: null, roles: [] };
  const held = lease({ state: "held", revocation: null });

  it("never shrinks a bound, whatever the clocks say", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400_000 }), (medianWallMs) => {
        const renewal = renewLease(held, { report, medianWallMs, slots, registry: "table" });
        expect(renewal.kind === "renewed" && renewal.next.throughSlot >= held.throughSlot && renewal.next.renewal === held.renewal + 1).toBe(true);
      }),
    );
  });

  it("that comes from another table is neither renewed nor trusted", () => {
    expect(renewLease(held, { report, medianWallMs: 0, slots, registry: "table-restored" })).toEqual({
      kind: "refused",
      reason: "the item was written in table, this is table-restored",
    });
  });

  it("is not taken by anyone but the owner of its cleared revocation", () => {
    const facts = {
      successor: "n2" as NodeId,
      epoch: 4,
      leaseMs: 10_000,
      owner: "execution",
      incident: "primary-20261124T000000000" as IncidentId,
      nowMs: 5,
    };
    expect(takeLease(lease(), facts).kind).toBe("refused");
    const cleared = clearByAcknowledgement(
      lease(),
      { epoch: 3, watermark: 104, throughSlot: 110, boot: { bootId: "boot-one", storeCounter: 41 } },
      -1,
    );
    if (cleared.kind !== "write") throw new Error(cleared.reason);
    expect(takeLease(cleared.next, { ...facts, owner: "another" }).kind).toBe("refused");
    expect(takeLease(cleared.next, { ...facts, epoch: 5 }).kind).toBe("refused");
    expect(takeLease(cleared.next, facts)).toMatchObject({ kind: "write", next: { holder: "n2", epoch: 4, fromSlot: 105, state: "held" } });
  });

  it("that is missing starts above everything any member's agent ever accepted, and not without all of them", () => {
    const words = [
      { node: "n1" as NodeId, epoch: 4, fencedThrough: 2, watermark: 90, throughSlot: 120 },
      { node: "n2" as NodeId, epoch: 3, fencedThrough: 6, watermark: 130, throughSlot: 100 },
    ];
    const members = ["n1", "n2"] as NodeId[];
    const common = {
      role: ROLE,
      members,
      existing: null,
      leaseMs: 10_000,
      registry: "table",
      owner: "execution",
      nowMs: 0,
      deadlineMs: 9,
      slots,
      personAccepts: false,
    };
    const incident = "primary-20261124T000000000" as IncidentId;
    expect(establishLease({ ...common, incident, words })).toMatchObject({ kind: "write", next: { epoch: 6, throughSlot: 130, state: "revoking" } });
    const made = establishLease({ ...common, incident, words });
    if (made.kind !== "write") throw new Error(made.reason);
    expect(made.next.fromSlot).toBe(131);
    // Its holder is only a name: no agent's word ends it, however high.
    const word = { epoch: 9, watermark: 130, throughSlot: 130, boot: { bootId: "boot-of-n1", storeCounter: 99 } };
    expect(clearByAcknowledgement(made.next, word, 130)).toMatchObject({ kind: "refused" });
    expect(establishLease({ ...common, incident, words: words.slice(1) })).toMatchObject({ kind: "needs-person", missing: ["n1"] });
  });
});
