import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideReread, RACY_NS } from "../../../../core/backup/directory/changed.ts";
import type { Stamp } from "../../../../core/backup/directory/entry.ts";

const S = 1_000_000_000n;
const stamp: Stamp = { sizeBytes: 10, mtimeNs: 100n * S, ctimeNs: 100n * S, inode: 7n, device: 1n };
const times = fc.bigInt({ min: 0n, max: 4_000n * S });
const arbitraryStamp = fc.record({
  sizeBytes: fc.nat(3),
  mtimeNs: times,
  ctimeNs: times,
  inode: fc.bigInt({ min: 1n, max: 3n }),
  device: fc.bigInt({ min: 1n, max: 2n }),
});
const decide = (facts: Partial<Parameters<typeof decideReread>[0]>) =>
  decideReread({ before: stamp, now: stamp, fullReread: false, previousStartedAtNs: 1_000n * S, ...facts });

describe("a file of the previous backup", () => {
  test("is reused when nothing that the file system says of it has changed and that is old enough", () => {
    expect(decide({}).kind).toBe("reuse");
  });

  test("is read when it is new, or when everything is to be read again, whatever its stamp", () => {
    fc.assert(
      fc.property(arbitraryStamp, times, (now, previousStartedAtNs) => {
        expect(decide({ before: null, now, previousStartedAtNs }).kind).toBe("read");
        expect(decide({ before: now, now, previousStartedAtNs, fullReread: true }).kind).toBe("read");
      }),
    );
  });

  test.each(["sizeBytes", "mtimeNs", "ctimeNs", "inode"] as const)("is read when its %s alone differs, in either direction", (field) => {
    const other = { ...stamp, [field]: field === "sizeBytes" ? 11 : stamp[field] + 1n } as Stamp;
    expect(decide({ now: other }).kind).toBe("read");
    expect(decide({ before: other }).kind).toBe("read");
  });

  test("is reused on another device, whose number a reboot or a snapshot changes", () => {
    expect(decide({ now: { ...stamp, device: 2n } }).kind).toBe("reuse");
  });

  test.each(["mtimeNs", "ctimeNs"] as const)("is read when its %s is so near to that backup's beginning that a later write may not show", (field) => {
    const started = 1_000n * S;
    const [near, old] = [
      { ...stamp, [field]: started - RACY_NS },
      { ...stamp, [field]: started - RACY_NS - 1n },
    ];
    expect(decide({ before: near, now: near }).kind).toBe("read");
    expect(decide({ before: old, now: old }).kind).toBe("reuse");
  });
});

/** A file over some backups: the file system's clock ticks coarsely and is a little off, and writes may keep the length and the mtime. */
type Step = { readonly afterNs: bigint; readonly does: "write" | "write and set its time back" | "back up" };

describe("over any series of writes and backups", () => {
  const step = fc.record({
    afterNs: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 3n * S }), fc.bigInt({ min: 0n, max: 300n * S })),
    does: fc.constantFrom<Step["does"]>("write", "write and set its time back", "back up", "back up"),
  });
  const world = fc.record({
    steps: fc.array(step, { minLength: 2, maxLength: 20 }),
    tickNs: fc.constantFrom(1n, 10_000_000n, S, 2n * S),
    offNs: fc.bigInt({ min: -50n * S, max: 50n * S }),
    /** From a backup's beginning to its reading of the file. */
    untilReadNs: fc.constantFrom(0n, 5n * S, 100n * S),
  });

  test("what is reused is what would have been read", () => {
    let reused = 0;
    let kept = 0;
    fc.assert(
      fc.property(world, ({ steps, tickNs, offNs, untilReadNs }) => {
        let nowNs = 10_000n * S;
        let version = 0;
        let backup: { stamp: Stamp; version: number; startedAtNs: bigint } | null = null;
        const fileTime = (): bigint => ((nowNs + offNs) / tickNs) * tickNs;
        let file: Stamp = { ...stamp, mtimeNs: fileTime(), ctimeNs: fileTime() };
        for (const { afterNs, does } of steps) {
          nowNs += afterNs;
          if (does === "back up") {
            const startedAtNs = nowNs;
            nowNs += untilReadNs;
            kept += 1;
            const decision = decideReread({
              before: backup?.stamp ?? null,
              now: file,
              fullReread: false,
              previousStartedAtNs: backup?.startedAtNs ?? 0n,
            });
            if (decision.kind === "reuse") {
              reused += 1;
              expect(backup?.version).toBe(version);
            }
            backup = { stamp: file, version, startedAtNs };
            continue;
          }
          version += 1;
          file = { ...file, ctimeNs: fileTime(), mtimeNs: does === "write" ? fileTime() : file.mtimeNs };
        }
      }),
      { numRuns: 3_000 },
    );
    expect(reused).toBeGreaterThan(kept / 20);
  });
});
