/** The operator's file of work: what it changes on a desk, how often, and that half a file changes nothing. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { applyItems, type Book, ItemsFile, readItems } from "../../agent/work/work-items.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import { newDesk } from "../../core/scaling/autonomous-resource-optimization/desk.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-items-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "items.json");

const empty: Book = { desk: newDesk("n1" as NodeId, 100, 1_000), known: [] };
const file = (changes: object): ItemsFile => ItemsFile.parse(changes);
const two = file({
  assigned: [
    { id: "a", units: 3 },
    { id: "b", units: 4 },
  ],
});

test("no part of a file is taken for a file", () => {
  const whole = JSON.stringify({ assigned: two.assigned, measured: { a: 9 }, finished: ["b"] });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
      writeFileSync(path, whole.slice(0, length));
      expect(readItems(path).kind).toBe("invalid");
    }),
  );
  writeFileSync(path, whole);
  expect(readItems(path).kind).toBe("read");
});

test.each([
  [
    "twice the same id",
    {
      assigned: [
        { id: "a", units: 3 },
        { id: "a", units: 4 },
      ],
    },
    /each item once/,
  ],
  ["an item of no units", { assigned: [{ id: "a", units: 0 }] }, /assigned/],
  ["an unknown field", { items: [] }, /items/],
])("a file with %s is refused with a reason", (_what, content, reason) => {
  writeFileSync(path, JSON.stringify(content));
  expect(readItems(path)).toMatchObject({ kind: "invalid", reason: expect.stringMatching(reason) });
});

test("an id is taken on once, however often it is read, and not again when it has left the desk", () => {
  const { book } = applyItems(empty, two);
  expect(book.desk.work.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(applyItems(book, two).book).toBe(book);
  const given: Book = { ...book, desk: { ...book.desk, work: book.desk.work.slice(1) } };
  expect(applyItems(given, two).book.desk.work.map(({ id }) => id)).toEqual(["b"]);
});

test("what is measured counts for what is served here, and what is finished is gone and comes not back", () => {
  const { book } = applyItems(empty, two);
  const measured = applyItems(book, { ...two, measured: { a: 9, elsewhere: 5 } }).book;
  expect(measured.desk.work).toEqual([
    { id: "a", units: 9, version: 1 },
    { id: "b", units: 4, version: 1 },
  ]);
  const finished = applyItems(measured, { ...two, finished: ["a", "elsewhere"] }).book;
  expect(finished.desk.work.map(({ id }) => id)).toEqual(["b"]);
  expect(applyItems(finished, two).book.desk.work.map(({ id }) => id)).toEqual(["b"]);
});

test("an id that is on the desk already, having come by trade, is not taken on a second time, and that is said", () => {
  const traded: Book = { ...empty, desk: { ...empty.desk, work: [{ id: "a", units: 3, version: 4 }] } };
  const { book, refused } = applyItems(traded, two);
  expect(book.desk.work.map(({ id, version }) => [id, version])).toEqual([
    ["a", 4],
    ["b", 1],
  ]);
  expect(refused).toEqual(["a is on this desk already"]);
});
