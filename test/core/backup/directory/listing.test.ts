import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Entry, type FileEntry, refuseName } from "../../../../core/backup/directory/entry.ts";
import { refuseListing } from "../../../../core/backup/directory/listing.ts";
import { depthOf, joinPath, refusePath, showPath } from "../../../../core/backup/directory/paths.ts";
import { dataStretches, refuseHoles } from "../../../../core/backup/directory/stretches.ts";

const latin1 = (max: number) => fc.uint8Array({ maxLength: max }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const attributes = { mode: 0o644, userId: 1, groupId: 1, mtimeNs: 1n };
const file: FileEntry<null> = {
  kind: "file",
  name: "a",
  ...attributes,
  lengthBytes: 8192,
  holes: [],
  stamp: { sizeBytes: 8192, mtimeNs: 1n, ctimeNs: 1n, inode: 1n, device: 1n },
  content: null,
};

describe("a name", () => {
  test("that is accepted is one step down, and any bytes but NUL and slash are", () => {
    fc.assert(
      fc.property(latin1(300), (name) => {
        const bad = name === "" || name === "." || name === ".." || name.length > 255 || name.includes("/") || name.includes("\0");
        expect(refuseName(name) !== null).toBe(bad);
      }),
    );
  });

  test.each(["", ".", "..", "a/b", "/", "../a", "a\0", "x".repeat(256), "\u0100", "é\u2044"])("is refused when it is %j", (name) => {
    expect(refuseName(name)).not.toBeNull();
    expect(refusePath(name) === null).toBe(name === "a/b");
  });

  test("of several makes a path of as many, and none that climbs", () => {
    const names = fc.array(
      latin1(10).filter((name) => refuseName(name) === null),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(names, (parts) => {
        const path = parts.reduce(joinPath, "");
        expect(refusePath(path)).toBeNull();
        expect(depthOf(path)).toBe(parts.length);
        for (const climb of ["..", ".", ""]) expect(refusePath([...parts, climb].join("/"))).not.toBeNull();
      }),
    );
  });

  test("is shown without anything that moves a cursor or begins a line", () => {
    const moving = /[\p{Cc}\u2028\u202e]/u;
    const shown = (name: string): void => {
      expect(showPath(name)).not.toMatch(moving);
    };
    fc.assert(fc.property(latin1(40), shown));
    for (const text of ["\u009b2J", "\u202egpj", "a\nb", "\u2028"]) shown(Buffer.from(text).toString("latin1"));
    expect(showPath("\xc3\xa9")).toBe('"é"');
  });
});

describe("a sparse file's stretches", () => {
  const pieces = fc.array(fc.record({ gap: fc.nat(5), length: fc.integer({ min: 1, max: 5 }) }), { maxLength: 8 });

  test("and its holes are each of its bytes once", () => {
    fc.assert(
      fc.property(pieces, fc.nat(9), (specs, tail) => {
        let at = 0;
        const holes = specs.map(({ gap, length }) => {
          const offset = at + gap;
          at = offset + length;
          return { offset, length };
        });
        const lengthBytes = at + tail;
        expect(refuseHoles(lengthBytes, holes)).toBeNull();
        const covered = [...holes, ...dataStretches(lengthBytes, holes)].flatMap(({ offset, length }) =>
          Array.from({ length }, (_, step) => offset + step),
        );
        expect(covered.toSorted((left, right) => left - right)).toEqual(Array.from({ length: lengthBytes }, (_, index) => index));
      }),
    );
  });

  test.each<[number, { offset: number; length: number }[]]>([
    [10, [{ offset: 8, length: 3 }]],
    [10, [{ offset: -1, length: 3 }]],
    [10, [{ offset: 1, length: 0 }]],
    [10, [{ offset: 1, length: -1 }]],
    [
      10,
      [
        { offset: 4, length: 2 },
        { offset: 5, length: 1 },
      ],
    ],
    [
      10,
      [
        { offset: 4, length: 2 },
        { offset: 1, length: 1 },
      ],
    ],
    [10, [{ offset: 0.5, length: 1 }]],
    [10, [{ offset: 1, length: Number.MAX_SAFE_INTEGER }]],
    [-1, []],
    [Number.POSITIVE_INFINITY, []],
  ])("do not come of a length of %d and the holes %j", (lengthBytes, holes) => {
    expect(refuseHoles(lengthBytes, holes)).not.toBeNull();
  });
});

describe("a listing", () => {
  test("as a walk writes it is accepted", () => {
    const entries: Entry<null>[] = [
      file,
      { kind: "folder", name: "b", ...attributes, content: null },
      { kind: "hardlink", name: "c", to: "b/d" },
      { kind: "symlink", name: "d", ...attributes, target: "../../etc/passwd" },
    ];
    expect(refuseListing("", entries)).toBeNull();
    expect(refuseListing("x/y", [])).toBeNull();
  });

  test.each<[string, Entry<null>[]]>([
    ["a name twice", [file, { kind: "symlink", name: "a", ...attributes, target: "/etc" }]],
    ["a name that climbs", [{ ...file, name: ".." }]],
    ["a name that is a path", [{ ...file, name: "a/b" }]],
    ["a hole behind its file", [{ ...file, holes: [{ offset: 8000, length: 4096 }] }]],
    ["a mode that is none", [{ ...file, mode: 0o10000 }]],
    ["an owner that leaves the owner as it is", [{ ...file, userId: 0xffff_ffff }]],
    ["a time that is none", [{ ...file, mtimeNs: 2n ** 80n }]],
    ["a hard link that climbs", [{ kind: "hardlink", name: "a", to: "../../etc/passwd" }]],
    ["a hard link from the machine's root", [{ kind: "hardlink", name: "a", to: "/etc/passwd" }]],
    ["a symbolic link to nothing at all", [{ kind: "symlink", name: "a", ...attributes, target: "" }]],
    ["a symbolic link with a NUL", [{ kind: "symlink", name: "a", ...attributes, target: "a\0b" }]],
  ])("with %s is refused, and says where", (_what, entries) => {
    expect(refuseListing("x", entries)).toMatchObject({ path: expect.stringContaining("x"), reason: expect.any(String) });
  });

  test("too deep for a path is refused", () => {
    expect(refuseListing(Array.from({ length: 15 }, () => "x".repeat(250)).join("/"), [file])).not.toBeNull();
  });
});
