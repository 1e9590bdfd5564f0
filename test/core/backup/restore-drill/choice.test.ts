/** A drill restores what a loss would leave: never the host's own Region's copy while another Region has a whole one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CompleteCopy, chooseCopy, farthestFirst } from "../../../../core/backup/restore-drill/choice.ts";

const anyRegions = fc.uniqueArray(fc.constantFrom<string[]>("us-east-1", "us-east-2", "us-west-2", "eu-west-1"), { minLength: 1 });
const anyCopies = (regions: readonly string[]) =>
  fc.uniqueArray(
    fc.record<CompleteCopy>({
      region: fc.constantFrom(...regions),
      source: fc.constantFrom("n1.directory", "n2.directory"),
      sequence: fc.integer({ min: 1, max: 50 }),
      writtenAtMs: fc.integer({ min: 0, max: 5 }),
    }),
    { selector: ({ region, source }) => `${region} ${source}`, maxLength: 8 },
  );
const anyVault = anyRegions.chain((regions) =>
  fc.record({
    regions: fc.constant(regions),
    host: fc.constantFrom(...regions, "ap-south-1"),
    home: fc.constantFrom(...regions),
    copies: anyCopies(regions),
    source: fc.constantFrom(null, "n1.directory"),
  }),
);

describe("the order of Regions", () => {
  it("has each once, the host's own last, and the home after all others", () => {
    fc.assert(
      fc.property(anyVault, ({ regions, host, home }) => {
        const order = farthestFirst(regions, { host, home });
        expect(order.toSorted()).toEqual(regions.toSorted());
        if (regions.includes(host)) expect(order.at(-1)).toBe(host);
        const others = order.filter((region) => region !== host);
        if (others.includes(home)) expect(others.at(-1)).toBe(home);
        const far = others.filter((region) => region !== home);
        expect(far).toEqual(regions.filter((region) => far.includes(region)));
      }),
    );
  });
});

describe("the chosen copy", () => {
  it("is of the farthest Region that has one, the newest there, and of the source that was asked for", () => {
    fc.assert(
      fc.property(anyVault, ({ regions, host, home, copies, source }) => {
        const order = farthestFirst(regions, { host, home });
        const choice = chooseCopy(copies, order, source);
        const suitable = copies.filter((copy) => source === null || copy.source === source);
        expect(choice.kind).toBe(suitable.length > 0 ? "chosen" : "none");
        if (choice.kind === "none") return;
        const { copy } = choice;
        expect(suitable).toContain(copy);
        for (const other of suitable) {
          expect(order.indexOf(copy.region)).toBeLessThanOrEqual(order.indexOf(other.region));
          if (other.region === copy.region) expect(other.writtenAtMs).toBeLessThanOrEqual(copy.writtenAtMs);
        }
        if (suitable.some(({ region }) => region !== host)) expect(copy.region).not.toBe(host);
        expect(chooseCopy(copies.toReversed(), order, source)).toEqual(choice);
      }),
      { numRuns: 500 },
    );
  });

  it("is said with its number and Region, and so is that there is none", () => {
    const copy = { region: "us-west-2", source: "n2.directory", sequence: 12, writtenAtMs: 0 };
    expect(chooseCopy([copy], ["us-west-2"], null).reason).toBe("the newest that is complete in us-west-2: backup 12 of n2.directory");
    expect(chooseCopy([copy], ["us-west-2", "us-east-1"], "n1.directory").reason).toBe(
      "no backup of n1.directory is complete in us-west-2 or in us-east-1",
    );
  });
});
