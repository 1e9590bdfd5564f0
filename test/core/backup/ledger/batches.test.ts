import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchKey, decodeSummary, encodeSummary, faultOfSummary, placeOfBatch } from "../../../../core/backup/ledger/batch-summary.ts";
import {
  BATCH_SEGMENTS_MAX,
  BATCHES_MAX,
  cutBatches,
  LedgerBatch,
  LedgerBatchPlan,
  type LedgerBatchSummary,
  segmentsOf,
} from "../../../../core/backup/ledger/batches.ts";
import { planSegments } from "../../../../core/backup/ledger/plan.ts";
import type { SourceName } from "../../../../core/backup/vault/manifest.ts";
import { noise } from "../../../support/noise.ts";
import { keyring } from "../../../support/vault-objects.ts";

const hashAt = (height: number, fork = 0): string => `0x${height.toString(16).padStart(32, "0")}${fork.toString(16).padStart(32, "0")}`;
const source = "fleet.ledger" as SourceName;
const WORKFLOW_STATE_BYTES = 256 * 1024;

const anyCutting = fc.record({
  blocksPerSegment: fc.integer({ min: 1, max: 20 }),
  segmentsPerBatch: fc.integer({ min: 1, max: 9 }),
  batchesMax: fc.integer({ min: 1, max: 12 }),
});
const planned = (finalized: number, blocksPerSegment: number, storedThrough = -1) => {
  const stored = segmentsOf({ from: 0, to: Math.max(0, storedThrough), blocksPerSegment })
    .filter(({ to }) => to <= storedThrough)
    .map(({ from, to }) => ({ from, to, firstParentHash: hashAt(from - 1), lastHash: hashAt(to) }));
  const plan = planSegments({ from: 0, finalized, blocksPerSegment, stored, segmentsMax: 10_000 });
  return plan.kind === "plan" ? plan.segments : [];
};

describe("segments in batches", () => {
  it("are all there, once and in order, in batches without a gap that are no larger and no more than allowed", () => {
    fc.assert(
      fc.property(anyCutting, fc.nat(2_000), fc.infiniteStream(fc.boolean()), (cutting, finalized, has) => {
        // Some are stored already, so that there are gaps.
        const segments = planned(finalized, cutting.blocksPerSegment).filter(() => has.next().value);
        const { batches, left } = cutBatches(segments, cutting);
        const { blocksPerSegment, segmentsPerBatch, batchesMax } = cutting;
        const inBatches = batches.flatMap(({ from, to }) => segmentsOf({ from, to, blocksPerSegment }));
        expect(inBatches).toEqual(segments.slice(0, segments.length - left));
        expect(batches.length).toBeLessThanOrEqual(batchesMax);
        for (const { from, to } of batches) expect(to - from).toBeLessThan(blocksPerSegment * segmentsPerBatch);
        if (left > 0) expect(batches.length).toBe(batchesMax);
      }),
    );
  });

  it("are in the same ones for whoever plans again, with more stored below or a longer chain: but for the first and the last", () => {
    fc.assert(
      fc.property(anyCutting, fc.nat(2_000), fc.nat(500), fc.nat(1_000), (cutting, finalized, grown, storedThrough) => {
        const all = { ...cutting, batchesMax: Number.MAX_SAFE_INTEGER };
        const before = cutBatches(planned(finalized, cutting.blocksPerSegment), all).batches;
        const after = cutBatches(planned(finalized + grown, cutting.blocksPerSegment, Math.min(storedThrough, finalized)), all).batches;
        const [first] = after;
        const between = before.slice(0, -1).filter(({ from }) => first !== undefined && from > first.from);
        for (const batch of between) expect(after).toContainEqual(batch);
      }),
    );
  });
});

const batchOf = (from: number, to: number, blocksPerSegment: number): LedgerBatch => ({
  chainId: 31_337,
  blocksPerSegment,
  from,
  to,
  firstParentHash: from === 0 ? null : hashAt(from - 1),
  lastHash: hashAt(to),
});

describe("what travels between the steps", () => {
  it("is, at its largest, well within a workflow's state: a batch alone, and a plan with the keys of all its batches", () => {
    const large = Number.MAX_SAFE_INTEGER;
    const batches = Array.from({ length: BATCHES_MAX }, (_, index) => ({ ...batchOf(large - index, large - index, 8_192), chainId: large }));
    const plan: LedgerBatchPlan = {
      format: 1,
      source: `${"f".repeat(32)}.ledger` as SourceName,
      previous: { sequence: 1, digest: "00".repeat(32) },
      chainId: large,
      finalized: { height: large, hash: hashAt(1) },
      kept: { segments: large, lastHeight: large },
      batches,
      left: large,
      base: "b".repeat(1_000),
    };
    expect(LedgerBatchPlan.parse(plan)).toEqual(plan);
    const keys = batches.map(() => batchKey({ source: plan.source, from: 10 ** 12 - 1, to: 10 ** 12 - 1, name: "00".repeat(32) }));
    expect(JSON.stringify({ plan, keys: keys.map((key) => ({ key })) }).length).toBeLessThan(WORKFLOW_STATE_BYTES * 0.8);
    expect(JSON.stringify(batches[0]).length).toBeLessThan(1_000);
  });

  it("is refused where a batch ends before it begins, or is larger than a step can read", () => {
    const most = batchOf(0, 5 * BATCH_SEGMENTS_MAX - 1, 5);
    expect(LedgerBatch.safeParse(most).success).toBe(true);
    for (const wrong of [{ to: most.to + 1 }, { from: most.to + 1 }, { lastHash: "0x12" }, { blocksPerSegment: 0 }, { more: 1 }])
      expect(LedgerBatch.safeParse({ ...most, ...wrong }).success).toBe(false);
  });
});

const summaryOf = (batch: LedgerBatch): LedgerBatchSummary => ({
  format: 1,
  source,
  batch,
  segments: segmentsOf(batch).map(({ from, to }) => ({
    span: { from, to, firstParentHash: hashAt(from - 1 < 0 ? 4_000_000 : from - 1), lastHash: hashAt(to) },
    stateRoot: hashAt(to, 7),
    reference: { lengthBytes: 9, depth: 0, ids: [noise(`chunk ${from}`, 32).toString("hex")] },
    root: noise(`root ${from}`, 32).toString("hex"),
  })),
  readBytes: 1,
  chunks: 2,
  storedBytes: 3,
  newChunks: 4,
});
const anyBatch = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(50), fc.integer({ min: 1, max: 60 }))
  .map(([blocksPerSegment, first, blocks]) => batchOf(first * blocksPerSegment, first * blocksPerSegment + blocks - 1, blocksPerSegment))
  .filter((batch) => LedgerBatch.safeParse(batch).success);

describe("a batch's summary", () => {
  const header = { vault: keyring.vault, epoch: 1, salt: noise("summary", 32) };
  const key = keyring.keyOf("batch", header, "the summary");
  const opened = (bytes: Buffer) => decodeSummary(bytes, "the summary", keyring.vault, (found) => keyring.keyOf("batch", found, "the summary"));

  it("is read as it was written, from a key that says which blocks it is of", () => {
    fc.assert(
      fc.property(anyBatch, (batch) => {
        const { name, bytes } = encodeSummary(header, key, summaryOf(batch));
        expect(opened(bytes)).toEqual(summaryOf(batch));
        const { from, to } = batch;
        expect(placeOfBatch(batchKey({ source, from, to, name }))).toEqual({ source, from, to, name });
      }),
    );
    expect(placeOfBatch("batches/fleet.ledger/1-2-3")).toBeNull();
  });

  it("is refused by a named fault wherever it was changed or cut off, and opens as nothing else", () => {
    const { bytes } = encodeSummary(header, key, summaryOf(batchOf(0, 19, 5)));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, cut) => {
        const damaged = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (!cut) damaged[at] = (damaged[at] as number) ^ change;
        expect(() => opened(damaged)).toThrow(expect.objectContaining({ name: expect.stringMatching(/^(Object|Key|Format)/) }));
      }),
    );
    expect(keyring.keyOf("index", header, "an index")).not.toEqual(key);
  });

  it("is of its own batch, and of none with another chain, other cuts, other ends, or a segment that is missing, doubled or of a fork", () => {
    fc.assert(
      fc.property(anyBatch, fc.nat(), (batch, chance) => {
        const summary = summaryOf(batch);
        expect(faultOfSummary(summary, batch)).toBeNull();
        const others: Partial<LedgerBatch>[] = [{ chainId: 1 }, { blocksPerSegment: batch.blocksPerSegment + 1 }, { lastHash: hashAt(batch.to, 1) }];
        others.push({ to: batch.to + 1 }, { firstParentHash: hashAt(batch.from, 1) }, { from: batch.from + batch.blocksPerSegment });
        for (const other of others) expect(faultOfSummary(summary, { ...batch, ...other })).not.toBeNull();
        const at = chance % summary.segments.length;
        const one = summary.segments[at];
        if (one === undefined) throw new RangeError("absent");
        const forked = { ...one, span: { ...one.span, lastHash: hashAt(one.span.to, 1) } };
        for (const segments of [summary.segments.toSpliced(at, 1), summary.segments.toSpliced(at, 0, one), summary.segments.with(at, forked)])
          expect(faultOfSummary({ ...summary, segments }, batch)).not.toBeNull();
      }),
    );
  });
});
