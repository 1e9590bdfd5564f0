/**
 * The laws of the audit over Regions in every state of disrepair: objects absent, flipped, cut short, manifests exchanged. What a
 * Region lacks and another has whole is there afterwards; nothing that is damaged, and nothing that no backup names, is copied.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AuditReport, auditReplicas } from "../../../adapters/vault/audit-replicas.ts";
import { objectName } from "../../../core/backup/vault/pack.ts";
import { anyChoice, INDEXES, KEYRING, PACKS, REGIONS, regionsOf, worldOf } from "../../support/replica-worlds.ts";
import { bytesIn, type Made, putAll, type RegionForTest, regionForTest } from "../../support/replicas.ts";
import { settableClock } from "../../support/settable-clock.ts";
import { trust } from "../../support/vault.ts";
import { VAULT } from "../../support/vault-objects.ts";

const UNLIMITED = { keysMax: 1_000_000, bytesMax: 2 ** 50 };
const HOUR_MS = 3_600_000;

async function audit(regions: readonly RegionForTest[], digestsMax = 0, limits = UNLIMITED): Promise<AuditReport> {
  const clock = settableClock();
  clock.set(clock.wallMs() + HOUR_MS);
  for (const region of regions) region.clock.set(clock.wallMs());
  return await auditReplicas({ stores: regions, vault: Buffer.from(VAULT, "hex"), trust, clock, limits: { ...limits, digestsMax }, retention: null });
}

const isWholeIn = async ({ store }: RegionForTest, { key, bytes }: Made): Promise<boolean> => (await bytesIn(store, key))?.equals(bytes) ?? false;
const isWholeSomewhere = async (regions: readonly RegionForTest[], object: Made): Promise<boolean> =>
  (await Promise.all(regions.map((region) => isWholeIn(region, object)))).includes(true);

describe("an audit of Regions in any state", () => {
  it("gives every Region all that it lacks of every backup that is whole in some or between them, and a second audit writes nothing", async () => {
    let given = 0;
    await fc.assert(
      fc.asyncProperty(anyChoice, async (choice) => {
        const world = worldOf(choice);
        const regions = await regionsOf(world);
        const whole: Made[] = [];
        for (const { manifest, needs } of world.backups) {
          const all = [manifest, ...needs];
          if (!(await Promise.all(all.map((object) => isWholeSomewhere(regions, object)))).includes(false)) whole.push(...all);
        }
        const lacked = new Map<RegionForTest, Made[]>();
        for (const region of regions) {
          const present = await Promise.all(whole.map(({ key }) => bytesIn(region.store, key)));
          lacked.set(
            region,
            whole.filter((_, at) => present[at] === null),
          );
        }
        const before = await audit(regions, world.digestsMax);
        for (const region of regions) {
          for (const object of lacked.get(region) ?? []) expect(await isWholeIn(region, object), `${object.key} in ${region.region}`).toBe(true);
          given += lacked.get(region)?.length ?? 0;
          const report = before.regions.find((each) => each.region === region.region);
          expect(report?.repaired.toSorted()).toEqual(region.puts.map(({ key }) => key).toSorted());
          region.puts.length = 0;
        }
        await audit(regions, world.digestsMax);
        /** Another sample may learn more of what is damaged, and so judge otherwise of a backup that no Region can give. */
        const own = new Set(world.digestsMax === 3 ? whole.map(({ key }) => key) : world.objects.map(({ key }) => key));
        expect(regions.flatMap(({ puts }) => puts.filter(({ key }) => own.has(key)).map(({ key }) => key))).toEqual([]);
      }),
      { numRuns: 150 },
    );
    // The law would also hold of Regions that lack nothing.
    expect(given).toBeGreaterThan(150);
  });

  it("never writes bytes that are not the object's own, and nothing that no backup names", async () => {
    await fc.assert(
      fc.asyncProperty(anyChoice, async (choice) => {
        const world = worldOf(choice);
        const regions = await regionsOf(world);
        await audit(regions, world.digestsMax);
        const named = new Set(world.backups.flatMap(({ manifest, needs }) => [manifest.key, ...needs.map(({ key }) => key)]));
        const own = new Map([...world.objects, KEYRING].map(({ key, bytes }) => [key, objectName(bytes)]));
        for (const { key, bytes } of regions.flatMap(({ puts }) => puts)) {
          expect(named).toContain(key);
          expect(objectName(bytes)).toBe(own.get(key));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("leaves no new manifest beside a pack or an index that could not be had", async () => {
    await fc.assert(
      fc.asyncProperty(anyChoice, async (choice) => {
        const world = worldOf(choice);
        const regions = await regionsOf(world);
        await audit(regions, world.digestsMax);
        for (const { manifest, needs } of world.backups) {
          for (const { store, puts } of regions) {
            if (!puts.some(({ key }) => key === manifest.key)) continue;
            for (const { key } of needs) expect(await bytesIn(store, key)).not.toBe(null);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("repairs nothing and finds no lag in Regions that are alike", async () => {
    await fc.assert(
      fc.asyncProperty(anyChoice, async (choice) => {
        const { backups } = worldOf(choice);
        const regions = REGIONS.map(regionForTest);
        const objects = [KEYRING, ...PACKS, ...INDEXES, ...backups.map(({ manifest }) => manifest)];
        for (const { store } of regions) await putAll(store, objects);
        for (const report of (await audit(regions, 1_000)).regions) {
          expect(report).toMatchObject({ status: "complete", lagSeconds: 0, repaired: [], left: 0, faults: [], digestsChecked: objects.length - 1 });
        }
      }),
      { numRuns: 20 },
    );
  });

  it("comes to the same end in many small runs as in one", async () => {
    await fc.assert(
      fc.asyncProperty(anyChoice, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 100, max: 6_000 }), async (choice, keysMax, bytesMax) => {
        const world = worldOf(choice);
        const atOnce = await regionsOf(world);
        const bit = await regionsOf(world);
        await audit(atOnce);
        for (let run = 0; run < 30; run += 1) {
          for (const { puts } of bit) puts.length = 0;
          await audit(bit, 0, { keysMax, bytesMax });
          for (const { puts } of bit) {
            expect(puts.length).toBeLessThanOrEqual(keysMax);
            if (puts.length > 1) expect(puts.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(bytesMax);
          }
        }
        const whole = world.objects.filter(({ key }) => key.startsWith("packs/"));
        for (const [index, region] of bit.entries()) {
          for (const { key } of whole)
            expect((await bytesIn(region.store, key)) === null).toBe((await bytesIn((atOnce[index] as RegionForTest).store, key)) === null);
        }
      }),
      { numRuns: 30 },
    );
  });
});
