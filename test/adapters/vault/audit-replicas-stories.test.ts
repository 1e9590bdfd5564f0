/** What happens to Regions, and what the audit says and does about it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type AuditReport, auditReplicas } from "../../../adapters/vault/audit-replicas.ts";
import { writeProof } from "../../../adapters/vault/proofs.ts";
import { compareTrees } from "../../support/compare-trees.ts";
import { noise } from "../../support/noise.ts";
import {
  bytesIn,
  flipped,
  indexMade,
  keyringMade,
  type Made,
  manifestMade,
  packMade,
  putAll,
  type RegionForTest,
  regionForTest,
} from "../../support/replicas.ts";
import { settableClock } from "../../support/settable-clock.ts";
import { backUp, restoreNewest, temporaryFolder, trust } from "../../support/vault.ts";
import { VAULT } from "../../support/vault-objects.ts";

const HOUR_MS = 3_600_000;
const LIMITS = { keysMax: 1_000, bytesMax: 1_000_000_000, digestsMax: 0 };
const folder = temporaryFolder();
const clock = settableClock();
const startMs = clock.wallMs();
/** Backup n has one pack and one index more than the one before. */
const backups = [1, 2, 3].map((sequence) => {
  const packs = Array.from({ length: sequence }, (_, number) => packMade(number));
  const indexes = Array.from({ length: sequence }, (_, number) => indexMade(number));
  return { manifest: manifestMade({ sequence, packs, indexes }), added: [packs.at(-1), indexes.at(-1)] as [Made, Made] };
});
const [first, second, third] = backups as [(typeof backups)[0], (typeof backups)[0], (typeof backups)[0]];
const all = (...which: (typeof backups)[0][]): Made[] => [keyringMade(1), ...which.flatMap(({ manifest, added }) => [...added, manifest])];
let home: RegionForTest;
let near: RegionForTest;
let far: RegionForTest;

beforeEach(() => {
  [home, near, far] = ["us-east-1", "eu-west-1", "ap-southeast-2"].map(regionForTest) as [RegionForTest, RegionForTest, RegionForTest];
  clock.set(startMs + 2 * HOUR_MS);
});

const audit = async (more: Partial<typeof LIMITS> = {}): Promise<AuditReport> =>
  await auditReplicas({ stores: [home, near, far], vault: Buffer.from(VAULT, "hex"), trust, clock, limits: { ...LIMITS, ...more }, retention: null });
const of = ({ regions }: AuditReport, { region }: RegionForTest) => regions.find((each) => each.region === region);
const newestIn = (report: AuditReport, region: RegionForTest) => of(report, region)?.newestComplete.map(({ sequence }) => sequence);

describe("an audit of a vault's Regions", () => {
  it("finds replication stalled for two hours, says what a loss of the home would have cost, and makes up for it", async () => {
    await putAll(home.store, all(first, second, third));
    await putAll(near.store, all(first, second));
    await putAll(
      far.store,
      [...all(first, second, third)].filter(({ key }) => key !== third.added[0].key),
    );
    const report = await audit();
    expect(of(report, home)).toMatchObject({ status: "complete", lagSeconds: 0, repaired: [], faults: [] });
    expect(of(report, near)).toMatchObject({ status: "missing-objects", lagSeconds: 7_200, missing: 3, left: 0 });
    expect(of(report, near)?.repaired).toEqual([third.added[0].key, third.added[1].key, third.manifest.key]);
    expect([newestIn(report, near), newestIn(report, far)]).toEqual([[2], [2]]);
    const after = await audit();
    expect(after.regions.map(({ status }) => status)).toEqual(["complete", "complete", "complete"]);
    expect(newestIn(after, near)).toEqual([3]);
  });

  it("repairs a home that was lost and made anew, so that it is restored from as it was", async () => {
    const source = join(folder(), "source");
    await mkdir(source);
    for (const part of [1, 2]) {
      await writeFile(join(source, `part-${part}`), noise(part, 300_000));
      await backUp(far.store, source, { clock });
    }
    await putAll(far.store, [keyringMade(1)]);
    clock.set(Date.now() + 2 * HOUR_MS);
    const report = await audit();
    expect(of(report, home)).toMatchObject({ status: "missing-objects", left: 0, faults: [] });
    expect(compareTrees(source, await restoreNewest([home.store], join(folder(), "target")))).toEqual([]);
    expect((await audit()).regions.map(({ status }) => status)).toEqual(["complete", "complete", "complete"]);
  });

  it("passes over a damaged pack in the first Region that has it, takes the next one's, and tells of the damage", async () => {
    const [pack] = second.added;
    await putAll(home.store, [...all(first, second).filter(({ key }) => key !== pack.key), { key: pack.key, bytes: flipped(pack.bytes) }]);
    await putAll(near.store, all(first));
    await putAll(far.store, all(first, second));
    const report = await audit();
    expect(await bytesIn(near.store, pack.key)).toEqual(pack.bytes);
    expect(of(report, home)?.faults).toEqual([expect.stringContaining(`s3://us-east-1/${pack.key} is damaged: its digest is `)]);
    expect(await bytesIn(home.store, pack.key)).toEqual(flipped(pack.bytes));
  });

  it("names a manifest that was rolled back, though it has as many bytes, and counts the backup as not there", async () => {
    const { added } = first;
    const [one, two] = [1, 2].map((sequence) => manifestMade({ sequence, packs: [added[0]], indexes: [added[1]] })) as [Made, Made];
    const earlier = { key: two.key, bytes: one.bytes };
    expect(earlier.bytes.length).toBe(two.bytes.length);
    for (const { store } of [home, far]) await putAll(store, [keyringMade(1), ...added, one, two]);
    await putAll(near.store, [keyringMade(1), ...added, one, earlier]);
    const report = await audit();
    expect(of(report, near)?.faults).toEqual([expect.stringContaining("was put back to an older state: it holds backup 1 in the place of 2")]);
    expect(of(report, near)).toMatchObject({ status: "missing-objects", repaired: [] });
    expect([newestIn(report, home), newestIn(report, near)]).toEqual([[2], [1]]);
    expect(await bytesIn(near.store, two.key)).toEqual(earlier.bytes);
  });

  it("leaves out a Region that does not answer and repairs the others", async () => {
    await putAll(home.store, all(first));
    await putAll(far.store, all(first));
    far.silence(true);
    const report = await audit();
    expect(of(report, far)).toMatchObject({ status: "unreachable", reason: expect.stringContaining("connection refused"), repaired: [] });
    expect(of(report, near)).toMatchObject({ status: "missing-objects", missing: 4, left: 0 });
    expect((await audit()).regions.map(({ status }) => status)).toEqual(["complete", "complete", "unreachable"]);
  });

  it("brings no keyring of which the Regions hold different ones", async () => {
    await putAll(home.store, all(first));
    await putAll(near.store, [keyringMade(1, VAULT, 7)]);
    const report = await audit();
    expect(of(report, far)?.faults).toEqual([expect.stringContaining("or different ones")]);
    expect(await bytesIn(far.store, keyringMade(1).key)).toBe(null);
  });

  it("brings a keyring of this vault alone", async () => {
    await putAll(home.store, [...all(first).slice(1), keyringMade(1, "ff".repeat(16))]);
    const report = await audit();
    expect(of(report, home)?.faults).toEqual([expect.stringContaining("it belongs to vault ffff")]);
    expect(await bytesIn(near.store, keyringMade(1).key)).toBe(null);
  });

  it("tells of two signed backups under one number, and lets neither replace the other", async () => {
    const twin = manifestMade({ sequence: 1, packs: [first.added[0]], indexes: [first.added[1]], writtenAtMs: 9 });
    await putAll(home.store, all(first));
    await putAll(near.store, [...all(first).filter(({ key }) => key !== twin.key), twin]);
    expect(of(await audit(), near)?.faults).toEqual([expect.stringContaining("are different backups, both signed")]);
    expect(await bytesIn(near.store, twin.key)).toEqual(twin.bytes);
  });
});

describe("digests that are read again", () => {
  it("find a pack whose bytes changed where they lie, which no listing shows", async () => {
    const [pack] = first.added;
    for (const { store } of [home, far]) await putAll(store, all(first));
    await putAll(near.store, [...all(first).filter(({ key }) => key !== pack.key), { key: pack.key, bytes: flipped(pack.bytes) }]);
    expect(of(await audit(), near)).toMatchObject({ status: "complete", digestsChecked: 0 });
    const report = await audit({ digestsMax: 10 });
    expect(of(report, near)).toMatchObject({ status: "missing-objects", digestsChecked: 3, newestComplete: [] });
    expect(of(report, near)?.faults).toEqual([expect.stringContaining("It cannot be replaced")]);
  });

  it("begin with what this very store was longest not proven: a proof that S3 brought from the home says nothing of the copy", async () => {
    const packs = [first, second, third].map(({ added }) => added[0]);
    for (const { store } of [home, near, far]) await putAll(store, all(first, second, third));
    const [changed] = packs as [Made];
    await near.store.remove(changed.key);
    await putAll(near.store, [{ key: changed.key, bytes: flipped(changed.bytes) }]);
    const names = packs.map(({ key }) => key.slice(key.lastIndexOf("/") + 1));
    const proof = { format: 1 as const, atMs: startMs, by: "test", backups: [] as string[] };
    await writeProof(near.store, { ...proof, store: home.store.name, packs: names });
    await writeProof(near.store, { ...proof, by: "here", store: near.store.name, packs: names.slice(1) });
    // Three indexes, three manifests and the one pack were never proven here: two packs were.
    expect(of(await audit({ digestsMax: 7 }), near)?.faults).toEqual([expect.stringContaining(changed.key)]);
  });
});
