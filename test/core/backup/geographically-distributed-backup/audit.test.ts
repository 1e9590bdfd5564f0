/** The laws of the audit over listings alone: what is lacking, for how long, and what is to be copied from where. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ARRIVING_MS,
  type Audit,
  type AuditFacts,
  decideAudit,
  type Listing,
} from "../../../../core/backup/geographically-distributed-backup/audit.ts";
import type { Needs } from "../../../../core/backup/geographically-distributed-backup/completeness.ts";
import { GRACE_MS } from "../../../../core/backup/vault/sweep.ts";
import type { VaultObject } from "../../../../core/kernel/ports.ts";
import { anyBackups, anyListing, KEYRING_1, listed, NOW_MS, needsFor, OBJECTS } from "../../../support/listings.ts";

const UNLIMITED = { keysMax: 1_000, bytesMax: 1_000_000 };
const auditOf = (listings: readonly Listing[], backups: readonly Needs[], more: Partial<AuditFacts> = {}): Audit =>
  decideAudit({ listings, backups, nowMs: NOW_MS, arrivingMs: ARRIVING_MS, retention: null, limits: UNLIMITED, ...more });
const audited = (audit: Audit, region: string) => {
  const found = audit.regions.find((each) => each.region === region);
  if (found === undefined || found.kind === "unreachable") throw new Error(`${region} was not audited`);
  return found;
};
const anyFacts = fc.record({ backups: anyBackups, listings: fc.tuple(anyListing("a"), anyListing("b"), anyListing("c")) });

describe("an audit of listings", () => {
  it("copies only what a backup names, only from where it has the size that the backup says, never over anything, each key once", () => {
    fc.assert(
      fc.property(anyFacts, ({ backups, listings }) => {
        const sizes = new Map(backups.flatMap(({ manifest, objects }) => [manifest, ...objects]).map(({ key, sizeBytes }) => [key, sizeBytes]));
        const held = new Map(listings.map(({ region, objects }) => [region, new Map(objects.map((object) => [object.key, object]))]));
        for (const region of ["a", "b", "c"]) {
          const { repairs } = audited(auditOf(listings, backups), region);
          expect(new Set(repairs.map(({ key }) => key)).size).toBe(repairs.length);
          for (const { kind, key, sizeBytes, from } of repairs) {
            expect(held.get(region)?.has(key)).toBe(false);
            expect(from.length).toBeGreaterThan(0);
            expect(kind === "keyring" ? key : sizes.get(key)).toBe(kind === "keyring" ? KEYRING_1.key : sizeBytes);
            for (const other of from) expect(held.get(other)?.get(key)?.sizeBytes).toBe(sizeBytes);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("leaves every backup whole in every Region that has nothing damaged, once all repairs are made, but for those that are lost", () => {
    let repaired = 0;
    fc.assert(
      fc.property(anyFacts, ({ backups, listings }) => {
        const audit = auditOf(listings, backups, { arrivingMs: 0 });
        const after = listings.map((listing): Listing => {
          const { repairs } = audited(audit, listing.region);
          repaired += repairs.length;
          return { ...listing, objects: [...listing.objects, ...repairs.map(({ key, sizeBytes }) => ({ key, sizeBytes, modifiedMs: NOW_MS }))] };
        });
        const again = auditOf(after, backups, { arrivingMs: 0 });
        expect(again.lost).toEqual(audit.lost);
        for (const { region } of listings) {
          const { missing, repairs, newest, damaged } = audited(again, region);
          expect(repairs).toEqual([]);
          const lostKeys = new Set(audit.lost.flatMap(({ needs }) => [needs.manifest, ...needs.objects].map(({ key }) => key)));
          expect(missing.filter((key) => !lostKeys.has(key))).toEqual([]);
          const whole = backups.filter((needs) => !audit.lost.some((each) => each.needs === needs));
          if (damaged.length === 0) {
            for (const source of new Set(whole.map((needs) => needs.source))) {
              const newestWhole = Math.max(...whole.filter((needs) => needs.source === source).map(({ sequence }) => sequence));
              expect(newest.find((needs) => needs.source === source)?.sequence).toBe(newestWhole);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(repaired).toBeGreaterThan(500);
  });

  it("has no lag below 0, and none at all between Regions with the same keys, of which it repairs nothing", () => {
    fc.assert(
      fc.property(anyFacts, fc.integer({ min: -1_000, max: 2 * GRACE_MS }), ({ backups, listings }, ms) => {
        for (const region of auditOf(listings, backups, { nowMs: NOW_MS + ms - GRACE_MS }).regions) {
          if (region.kind !== "unreachable") expect(region.lagMs).toBeGreaterThanOrEqual(0);
        }
        const alike = ["a", "b", "c"].map((region) => ({ ...listings[0], region }));
        for (const { region } of alike) expect(audited(auditOf(alike, backups), region)).toMatchObject({ lagMs: 0, repairs: [], arriving: [] });
      }),
    );
  });

  it("has the lag of the oldest object that is to be copied, from when the first Region stored it, and none older than what is lacking", () => {
    fc.assert(
      fc.property(anyFacts, ({ backups, listings }) => {
        const firstMs = new Map<string, number>();
        for (const { key, modifiedMs } of listings.flatMap(({ objects }) => objects))
          firstMs.set(key, Math.min(modifiedMs, firstMs.get(key) ?? NOW_MS));
        const oldestMs = (keys: readonly string[]) => Math.max(0, ...keys.map((key) => NOW_MS - (firstMs.get(key) ?? NOW_MS)));
        const audit = auditOf(listings, backups);
        for (const { region } of listings) {
          const { lagMs, repairs, missing, arriving, unvouched } = audited(audit, region);
          expect(lagMs).toBeGreaterThanOrEqual(oldestMs(repairs.map(({ key }) => key)));
          expect(lagMs).toBe(oldestMs([...missing, ...arriving, ...unvouched]));
        }
      }),
    );
  });

  it("plans packs before indexes and a manifest after what it names, unless a run cannot hold all of it", () => {
    fc.assert(
      fc.property(anyFacts, ({ backups, listings }) => {
        for (const region of auditOf(listings, backups).regions) {
          if (region.kind === "unreachable") continue;
          const places = new Map(region.repairs.map(({ key }, place) => [key, place]));
          for (const { manifest, objects } of backups) {
            for (const { key } of objects) expect(places.get(key) ?? -1).toBeLessThan(places.get(manifest.key) ?? 1_000);
          }
        }
      }),
    );
    const backups = [needsFor(1, [OBJECTS[0], OBJECTS[1]])];
    const home = listed("a", [KEYRING_1, ...(backups[0] as Needs).objects, (backups[0] as Needs).manifest]);
    const { repairs } = audited(auditOf([home, listed("b", [KEYRING_1])], backups, { limits: { keysMax: 2, bytesMax: 1_000 } }), "b");
    expect(repairs.map(({ kind }) => kind)).toEqual(["manifest", "pack", "pack"]);
  });
});

describe("what a Region lacks", () => {
  const needs = needsFor(1, [OBJECTS[0]]);
  const whole = [KEYRING_1, ...needs.objects, needs.manifest];
  const aged = (ageMs: number): VaultObject[] => whole.map((object) => ({ ...object, modifiedMs: NOW_MS - ageMs }));
  const home = (ageMs: number): Listing => ({ region: "a", kind: "listed", objects: aged(ageMs), damaged: new Set() });

  it("is on its way for 15 minutes from when the first Region stored it, and left to S3 as long", () => {
    const young = audited(auditOf([home(ARRIVING_MS - 1), listed("b", [])], [needs]), "b");
    expect(young).toMatchObject({ kind: "behind", lagMs: ARRIVING_MS - 1, missing: [], repairs: [] });
    const old = audited(auditOf([home(ARRIVING_MS), listed("b", [])], [needs]), "b");
    expect(old).toMatchObject({ kind: "missing-objects", lagMs: ARRIVING_MS, arriving: [] });
    expect(old.repairs.map(({ kind }) => kind)).toEqual(["keyring", "pack", "manifest"]);
  });

  it("counts for a day where no manifest names it yet, and may have been swept after that", () => {
    const stray = { key: "packs/n1/99/99", sizeBytes: 1, modifiedMs: NOW_MS - GRACE_MS };
    const running: Listing = { region: "a", kind: "listed", objects: [...aged(0), stray], damaged: new Set() };
    expect(audited(auditOf([running, listed("b", whole)], [needs]), "b")).toMatchObject({ kind: "behind", lagMs: GRACE_MS, repairs: [] });
    const later = auditOf([running, listed("b", whole)], [needs], { nowMs: NOW_MS + 1 });
    expect(audited(later, "b")).toMatchObject({ kind: "complete", lagMs: 0, repairs: [] });
  });

  it("is not copied again where the rule would have it forgotten, and is where the manifest is still there", () => {
    const backups = [1, 2, 3].map((sequence) => needsFor(sequence, [OBJECTS[sequence]], NOW_MS - GRACE_MS * (10 - sequence)));
    const all = listed("a", [KEYRING_1, ...backups.flatMap(({ manifest, objects }) => [manifest, ...objects])]);
    const retention = { countMin: 1, ageMs: 0 };
    const kept = (here: readonly Needs[]) =>
      audited(auditOf([all, listed("b", [KEYRING_1, ...here.map(({ manifest }) => manifest)])], backups, { retention }), "b").repairs.map(
        ({ key }) => key,
      );
    expect(kept([])).toEqual([backups[2]?.objects[0]?.key, backups[2]?.manifest.key]);
    expect(kept([backups[0] as Needs])).toContain(backups[0]?.objects[0]?.key);
  });

  it("never brings proofs and sweeps, which speak of another store", () => {
    const own = ["proofs/1-a.json", "sweeps/1.json"].map((key) => ({ key, sizeBytes: 1 }));
    expect(audited(auditOf([listed("a", [...whole, ...own]), listed("b", whole)], [needs]), "b")).toMatchObject({ kind: "complete", repairs: [] });
  });

  it("never brings a keyring that no backup names, which a stranger may have put into one Region, and tells of it", () => {
    const strange = { key: "keyring/00000009.json", sizeBytes: 5 };
    const { kind, repairs, reason } = audited(auditOf([listed("a", [...whole, strange]), listed("b", whole)], [needs]), "b");
    expect({ kind, repairs }).toEqual({ kind: "missing-objects", repairs: [] });
    expect(reason).toContain("keyring/00000009.json");
  });

  it("is lost where no Region that answers has it with the size that the backup says, and then its manifest is not spread", () => {
    const cut = { key: OBJECTS[0].key, sizeBytes: OBJECTS[0].sizeBytes - 1 };
    const audit = auditOf(
      [listed("a", [KEYRING_1, cut, needs.manifest]), listed("b", [KEYRING_1]), { region: "c", kind: "unreachable", reason: "down" }],
      [needs],
    );
    expect(audit.lost[0]?.reason).toContain("whole in no Region that answers");
    expect(audited(audit, "a")).toMatchObject({ kind: "missing-objects", damaged: [cut.key] });
    expect(audited(audit, "b").repairs).toEqual([]);
    expect(audit.regions[2]).toEqual({ region: "c", kind: "unreachable", reason: "down" });
  });

  it("is told by sizes between Regions, of unnamed objects as well", () => {
    const { differing } = auditOf([listed("a", [{ key: "packs/n1/x", sizeBytes: 1 }]), listed("b", [{ key: "packs/n1/x", sizeBytes: 2 }])], []);
    expect(differing).toEqual([
      {
        key: "packs/n1/x",
        sizes: [
          { region: "a", sizeBytes: 1 },
          { region: "b", sizeBytes: 2 },
        ],
      },
    ]);
  });
});
