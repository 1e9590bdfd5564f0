/** Labour on threads answers as labour in place does, each task its own answer, and leaves nobody waiting. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { labourInPlace } from "../../../adapters/vault/labour.ts";
import { labourOnThreads } from "../../../adapters/vault/labour-threads.ts";
import { noise } from "../../support/noise.ts";
import { keyring } from "../../support/vault-objects.ts";

const THREADS = 3;
const MIB = 1024 * 1024;
const threads = labourOnThreads(keyring, THREADS);
const inPlace = labourInPlace(keyring);
const shared = new Uint8Array(new SharedArrayBuffer(2 * MIB));
shared.set(noise("window", shared.length));

/** Of very different lengths, many more than there are threads. */
const views = fc.array(fc.record({ start: fc.nat({ max: MIB }), length: fc.oneof(fc.nat({ max: 1_000 }), fc.nat({ max: MIB })) }), {
  minLength: 1,
  maxLength: 20,
});

afterAll(() => threads.close());

describe("labour on threads", () => {
  it("answers every task as labour in place does, whatever their lengths", async () => {
    await fc.assert(
      fc.asyncProperty(views, async (given) => {
        const windows = given.map(({ start, length }) => shared.subarray(start, start + length));
        const [cuts, names] = await Promise.all([
          Promise.all(windows.map((window) => threads.run({ kind: "cut", window, final: true }))),
          Promise.all(windows.map((bytes) => threads.run({ kind: "name", bytes }))),
        ]);
        expect(cuts).toEqual(await Promise.all(windows.map((window) => inPlace.run({ kind: "cut", window, final: true }))));
        expect(names).toEqual(await Promise.all(windows.map((bytes) => inPlace.run({ kind: "name", bytes }))));
      }),
      { numRuns: 30 },
    );
  });

  it("fails what nobody has answered when it is closed", async () => {
    const closing = labourOnThreads(keyring, THREADS);
    const asked = Array.from({ length: 20 }, () => closing.run({ kind: "name", bytes: shared }));
    const answers = Promise.allSettled(asked);
    await closing.close();
    expect((await answers).some(({ status }) => status === "rejected")).toBe(true);
  });
});
