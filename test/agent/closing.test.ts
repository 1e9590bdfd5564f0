/** The signed closing record: proof of one clean end, and of no other. */
import { describe, expect, test } from "vitest";
import { ROLE } from "../support/agent-rig.ts";
import { disk, granted } from "../support/gate-disk.ts";

describe("the closing record", () => {
  test("names the boot that closed and its last write, once, and only after a clean end", () => {
    const { boot } = disk();
    const first = boot();
    expect(first.closed).toBeNull();
    granted(first.gate, 1);
    first.gate.close();
    const second = boot();
    expect(second.closed).toEqual(first.gate.boot());
    expect(boot().closed, "the second boot was killed").toBeNull();
  });

  test("is gone from the disk once the next boot has begun, and another boot's is not believed", () => {
    const { boot, onDisk, put } = disk();
    boot().gate.close();
    const old = onDisk();
    expect(old.closing).not.toBeNull();
    boot();
    expect(onDisk().closing).toBeNull();
    // An old record under a later boot's name: what a disk would hold if the record had been kept.
    put({ ...onDisk(), closing: old.closing });
    expect(boot().closed).toBeNull();
    // The right boot's name, and yet not the last that was written.
    put(old);
    expect(boot().closed).toBeNull();
  });

  test("ends the right to sign", () => {
    const { gate } = disk().boot();
    granted(gate, 1);
    gate.close();
    expect(gate.maySign(ROLE, 1).kind).toBe("no");
    expect(granted(gate, 2).kind).toBe("refused");
  });
});
