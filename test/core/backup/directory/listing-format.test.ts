/** A listing is read as it was written, whatever the names' bytes; whatever else is read ends in a fault by name. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeListing, encodeListing, type ListedEntry } from "../../../../core/backup/directory/listing-format.ts";
import { noise } from "../../../support/noise.ts";

const latin1Name = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))).toString("latin1"))
  .filter((name) => name !== "." && name !== "..");
const timeNs = fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n });
const common = { mode: fc.integer({ min: 0, max: 0o7777 }), userId: fc.nat(), groupId: fc.nat(), mtimeNs: timeNs };
const content = fc.record({
  reference: fc.record({
    lengthBytes: fc.nat(),
    depth: fc.integer({ min: 0, max: 4 }),
    ids: fc.array(
      fc.integer().map((seed) => noise(seed, 32)),
      { maxLength: 16 },
    ),
  }),
  root: fc.integer().map((seed) => noise(seed, 32)),
});
const stamp = fc.record({
  sizeBytes: fc.nat(),
  mtimeNs: timeNs,
  ctimeNs: timeNs,
  inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  device: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const unnamed = fc.oneof(
  fc.record({
    kind: fc.constant("file" as const),
    ...common,
    lengthBytes: fc.constant(50_000),
    holes: fc.constantFrom([], [{ offset: 4_096, length: 8_192 }]),
    stamp,
    content,
  }),
  fc.record({ kind: fc.constant("folder" as const), ...common, content }),
  fc.record({ kind: fc.constant("symlink" as const), ...common, target: fc.string({ unit: "binary-ascii", maxLength: 60 }) }),
  fc.record({ kind: fc.constant("hardlink" as const), to: latin1Name }),
);
const listings = fc
  .uniqueArray(fc.tuple(latin1Name, unnamed), { maxLength: 12, selector: ([name]) => name })
  .map((entries) => entries.toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([name, entry]) => ({ ...entry, name }) as ListedEntry));
const decode = (bytes: Uint8Array): ListedEntry[] => decodeListing(bytes, "the listing");

describe("a listing", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(listings, (entries) => {
        expect(decode(encodeListing(entries))).toEqual(entries);
      }),
    );
  });

  it("cut off anywhere is a fault by name", () => {
    fc.assert(
      fc.property(listings, fc.nat(), (entries, at) => {
        const bytes = encodeListing(entries);
        expect(() => decode(bytes.subarray(0, at % bytes.length))).toThrow(/^the listing /);
      }),
    );
  });

  it("with a name that leads out of its folder, or names out of order, is refused", () => {
    const link = (name: string): ListedEntry => ({ kind: "hardlink", name, to: "a" });
    for (const name of ["..", ".", "", "a/b", "a\0b"]) expect(() => decode(encodeListing([link(name)]))).toThrow(/^the listing is damaged/);
    expect(() => decode(encodeListing([link("b"), link("a")]))).toThrow(/"a" stands after "b"/);
    expect(() => decode(encodeListing([link("a"), link("a")]))).toThrow(/"a" stands after "a"/);
  });

  it("never makes a reader throw anything but a fault by name", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (rubbish) => {
        try {
          decode(rubbish);
        } catch (fault) {
          expect((fault as Error).name).toMatch(/^Object(Corrupt|Truncated)$/);
        }
      }),
    );
  });
});
