/** A restart changes nothing, and bytes that are not a state are never taken for one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeState, ENCODED_BYTES, encodeState } from "../../../../core/prediction/dynamic-threshold-adjustment/encoding.ts";
import { start } from "../../../../core/prediction/dynamic-threshold-adjustment/observe.ts";
import { DAY_MS, makeSeries, runSeries } from "./generated.ts";

const CADENCE = DAY_MS / 96;
const seriesOf = (seed: number): (number | null)[] =>
  makeSeries("daily", 1_200, { seed, cadenceMs: CADENCE }).map((value, row) => (row % 97 === 13 ? null : row % 211 === 0 ? value * 3 : value));

describe("the state of thresholds as bytes", () => {
  it("goes on after a restart anywhere exactly as without one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_200 }), fc.integer({ min: 1, max: 1_000 }), (stop, seed) => {
        const values = seriesOf(seed);
        const whole = runSeries(values, { cadenceMs: CADENCE });
        const first = runSeries(values.slice(0, stop), { cadenceMs: CADENCE });
        const decoded = decodeState(encodeState(first.state));
        if (decoded.kind !== "read") throw new Error(decoded.reason);
        const second = runSeries(values.slice(stop), { cadenceMs: CADENCE, state: decoded.state, from: stop });
        expect([...first.verdicts, ...second.verdicts]).toEqual(whole.verdicts);
        expect(encodeState(second.state)).toEqual(encodeState(whole.state));
      }),
      { numRuns: 10 },
    );
  });

  it("has the same number of bytes however much was observed", () => {
    for (const points of [0, 1, 300, 1_200])
      expect(encodeState(runSeries(seriesOf(1).slice(0, points), { cadenceMs: CADENCE }).state)).toHaveLength(ENCODED_BYTES);
  });

  it("names every single changed byte, every cut and every foreign text as damage", () => {
    const bytes = encodeState(runSeries(seriesOf(2), { cadenceMs: CADENCE }).state);
    fc.assert(
      fc.property(fc.nat({ max: ENCODED_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(decodeState(changed).kind).toBe("damaged");
        expect(decodeState(bytes.slice(0, at)).kind).toBe("damaged");
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (foreign) => decodeState(foreign).kind === "damaged"));
    expect(decodeState(new Uint8Array(0))).toEqual({
      kind: "damaged",
      reason: "the bytes are no state of a threshold; the thresholds start anew and learn again",
    });
  });

  it("says which version it has when it is not the one that is read", () => {
    const bytes = encodeState(start());
    bytes[4] = 9;
    expect(decodeState(bytes)).toMatchObject({ kind: "damaged", reason: expect.stringContaining("version 9") });
  });
});
