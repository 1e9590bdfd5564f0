/** What is read back is what was measured, bit for bit, with every gap a gap; and no bytes whatever become a wrong number. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SIGNALS } from "../../../../core/kernel/signals.ts";
import { PartWriter } from "../../../../core/prediction/signal-history/column-bytes.ts";
import { type HistoryRow, historyOf, rowAt } from "../../../../core/prediction/signal-history/history.ts";
import { decodeHistory, encodeHistory, seal, VERSION } from "../../../../core/prediction/signal-history/history-object.ts";
import { POINTS_MAX } from "../../../../core/prediction/signal-history/limits.ts";

const DAY_MS = 86_400_000;
const SPAN = { node: "n1", observer: "us-east-1", fromMs: 20_000 * DAY_MS, untilMs: 20_001 * DAY_MS };

/** Any double, and what vitals are really made of: whole numbers, shares, few decimals. */
const anyNumber = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, Number.MIN_VALUE, Number.MAX_VALUE, 0.1, 2 ** 53 + 2),
  fc.integer({ min: -5, max: 1_000_000 }),
  fc.integer({ min: 0, max: 5_000 }).map((whole) => whole / 1_000),
  fc.integer({ min: 0, max: 4_096 }).map((part) => part / 4_096),
);
const anyName = fc.oneof(fc.constantFrom(...SIGNALS), fc.stringMatching(/^[!-~]{1,64}$/));
const anyValues = fc.dictionary(anyName, fc.option(anyNumber, { nil: null }), { maxKeys: 6 });
const anyRows: fc.Arbitrary<HistoryRow[]> = fc
  .uniqueArray(fc.integer({ min: SPAN.fromMs, max: SPAN.untilMs - 1 }), { maxLength: 60 })
  .chain((times) => fc.tuple(...times.map((atMs) => anyValues.map((values) => ({ atMs, values })))));

const read = (bytes: Uint8Array) => {
  const decoded = decodeHistory(bytes);
  if (decoded.kind === "damaged") throw new Error(`${decoded.name}: ${decoded.reason}`);
  return decoded;
};

describe("an object of history", () => {
  it("gives back every value bit for bit, every gap as null and every point in order of time, for any signals", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const { history, passedOver } = read(encodeHistory(historyOf(SPAN, rows)));
        expect({ ...history, timesMs: [], columns: [] }).toEqual({ ...SPAN, timesMs: [], columns: [] });
        expect(passedOver).toEqual([]);
        const ordered = rows.toSorted((one, other) => one.atMs - other.atMs);
        expect([...history.timesMs]).toEqual(ordered.map(({ atMs }) => atMs));
        const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))].toSorted();
        expect([...history.columns.keys()].toSorted()).toEqual(names);
        for (const [index, { atMs, values }] of ordered.entries()) {
          const point = rowAt(history, index);
          expect(point.atMs).toBe(atMs);
          for (const name of names) {
            const [found, wanted] = [point.values[name], Object.hasOwn(values, name) ? values[name] : null];
            expect(Object.is(found, wanted), `${name}: ${found} instead of ${wanted}`).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is the same bytes for the same history, whatever order rows and names came in", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const turned = rows.toReversed().map(({ atMs, values }) => ({ atMs, values: Object.fromEntries(Object.entries(values).toReversed()) }));
        expect(encodeHistory(historyOf(SPAN, turned)).equals(encodeHistory(historyOf(SPAN, rows)))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("refuses what is no number, what is out of its period, and more than it may hold", () => {
    const one = (value: number, atMs = SPAN.fromMs) => historyOf(SPAN, [{ atMs, values: { peers: value } }]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(() => one(value)).toThrow(/what was not measured is null/);
    for (const atMs of [SPAN.fromMs - 1, SPAN.untilMs, SPAN.fromMs + 0.5]) expect(() => one(1, atMs)).toThrow(/allowed are whole milliseconds/);
    const many = Array.from({ length: POINTS_MAX + 1 }, (_, index) => ({ atMs: SPAN.fromMs + index, values: {} }));
    expect(() => historyOf(SPAN, many)).toThrow(/16384 at most/);
    expect(() => historyOf(SPAN, [{ atMs: SPAN.fromMs, values: { "two words": 1 } }])).toThrow(/printable characters/);
    const columns = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`s${index}`, 1]));
    expect(() => historyOf(SPAN, [{ atMs: SPAN.fromMs, values: columns }])).toThrow(/256 at most/);
    const infinite = { ...one(1), columns: new Map([["peers", Float64Array.of(Number.POSITIVE_INFINITY)]]) };
    expect(() => encodeHistory(infinite)).toThrow(/finite/);
  });
});

describe("damage", () => {
  const whole = encodeHistory(
    historyOf(
      SPAN,
      Array.from({ length: 40 }, (_, index) => ({
        atMs: SPAN.fromMs + index * 60_000 + (index % 3),
        values: { latencyMs: index % 7 === 0 ? null : Math.sqrt(index), peers: 25, nodeMemoryShare: index / 41 },
      })),
    ),
  );
  const HEADER = 37;

  it("of any byte, and any loss at the end, is noticed", () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(whole.length - 1), (at, change, length) => {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ change;
        expect(decodeHistory(altered)).toMatchObject({ kind: "damaged" });
        expect(decodeHistory(whole.subarray(0, length))).toMatchObject({ kind: "damaged" });
      }),
    );
  });

  it("that was signed for as whole is an answer all the same: no bytes make the reader throw, or read what is no number", () => {
    const edits = fc.array(fc.tuple(fc.nat(whole.length - HEADER - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const edited = edits.map((changes) => {
      const body = Buffer.from(whole.subarray(HEADER));
      for (const [at, byte] of changes) body[at] = byte;
      return body;
    });
    fc.assert(
      fc.property(fc.oneof(edited, fc.uint8Array({ maxLength: 200 })), (body) => {
        const decoded = decodeHistory(seal(body));
        if (decoded.kind === "damaged") {
          expect(decoded.name).toBe("malformed");
          return;
        }
        for (const column of decoded.history.columns.values()) {
          expect(column).toHaveLength(decoded.history.timesMs.length);
          expect(column.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY)).toBe(false);
        }
        expect([...decoded.history.timesMs]).toEqual([...new Set(decoded.history.timesMs)].toSorted((one, other) => one - other));
      }),
      { numRuns: 500 },
    );
  });

  it("has a name and a reason that say what is wrong", () => {
    const with_ = (at: number, byte: number) => Buffer.from(whole.with(at, byte));
    const told = (bytes: Uint8Array) => {
      const decoded = decodeHistory(bytes);
      return decoded.kind === "damaged" ? `${decoded.name}: ${decoded.reason}` : decoded.kind;
    };
    expect(told(Buffer.from("not history"))).toBe("foreign: it does not begin as history does");
    expect(told(with_(4, VERSION + 1))).toBe("another-version: it is of version 2; this reads 1");
    expect(told(with_(whole.length - 1, 0))).toBe("altered: its checksum is another: bytes were lost or changed");
    expect(told(Buffer.alloc(16 * 1024 * 1024 + 1))).toMatch(/^too-large: /);
    expect(told(seal(Buffer.from([])))).toBe("malformed: it ends before the length of the node");
  });

  it("of a size that was promised is refused before the memory is taken", () => {
    const points = new PartWriter().word("n1").word("us-east-1").number(0).number(DAY_MS);
    expect(decodeHistory(seal(points.number(POINTS_MAX + 1).finish()))).toMatchObject({ reason: /16385; at most 16384/ });
    const bomb = new PartWriter().word("n1").word("us-east-1").number(0).number(DAY_MS).number(1).packed(Buffer.alloc(1_000_000));
    expect(decodeHistory(seal(bomb.finish()))).toMatchObject({ kind: "damaged", reason: /1000000; at most 8/ });
  });
});

describe("a later version's object", () => {
  it("is read but for the columns whose encoding is not known here, which are named", () => {
    const body = new PartWriter()
      .word("n1")
      .word("us-east-1")
      .number(0)
      .number(DAY_MS)
      .number(1)
      .packed(Buffer.from([20]));
    body.number(2).word("dreamt").number(77).number(0).packed(Buffer.from("who knows"));
    body
      .word("peers")
      .number(0)
      .number(0)
      .packed(Buffer.from(Float64Array.of(25).buffer));
    const { history, passedOver } = read(seal(body.finish()));
    expect(passedOver).toEqual(["dreamt"]);
    expect(rowAt(history, 0)).toEqual({ atMs: 10, values: { peers: 25 } });
  });
});
