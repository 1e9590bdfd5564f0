/** What a drill has booted is held against the live network by most of it, and proven or failed by name. */
import { beforeEach, describe, expect, test } from "vitest";
import { bootNode, tearDown } from "../../functions/backup/drilling/booting.ts";
import { closeDrill } from "../../functions/backup/drilling/closing.ts";
import type { DrillStep } from "../../functions/backup/drilling/step.ts";
import { AWAY } from "../support/backup-world.ts";
import { caught, type DrillWorld } from "../support/drill-world.ts";
import { useDrills } from "../support/use-drills.ts";

/** A failed drill is an incident as well, which the module failover tells. */
const ofBackups = <T extends { name: string }>(published: readonly T[]): T[] => published.filter(({ name }) => name.startsWith("backup."));

const WRONG = `0x${"66".repeat(32)}`;
const drills = useDrills();
let of: DrillWorld;
beforeEach(() => {
  of = drills.now();
});

/** Fails at its verification, and is closed as the workflow closes it. */
async function failing(step: DrillStep): Promise<string> {
  const error = await drills.verify(step).then(
    () => Promise.reject(new Error("it passed")),
    (thrown: Error) => thrown,
  );
  expect(error.name).toBe("JobRefused");
  return (await closeDrill(of.world, caught(await tearDown(of.world, step), error))).reason;
}

describe("a booted node", () => {
  test("that is the network's own is proven once it has caught up, with figures that are kept, told and counted", async () => {
    const step = await drills.booted(6);
    let height = 6;
    of.boot(() => height);
    of.clock.after(10_000, () => {
      height = 8;
    });
    const caughtUp = await drills.verify(step);
    expect(caughtUp).toMatchObject({ decision: "caught-up", booted: { height: 6 }, caughtUp: { height: 8 }, checks: [{}, {}, {}, {}] });
    const { reason, decision } = await closeDrill(of.world, await tearDown(of.world, caughtUp));
    expect(decision).toBe("proven");
    expect(reason).toMatch(
      /^backup 1 of n1\.directory, from us-west-2: restored, booted and checked at .* UTC, \d+ s \(4 blocks\) behind, in \d+\.\d s$/,
    );
    expect(await drills.record()).toMatchObject({
      status: "proven",
      sentence: reason,
      figures: { rpoBlocks: 4, caughtUpBlocks: 2, restoreMs: 4_000, catchUpMs: 10_000 },
    });
    expect(ofBackups(of.bus.published)).toMatchObject([{ name: "backup.restore-proven", detail: { from: AWAY, rpoBlocks: 4, sequence: 1 } }]);
    expect([drills.counted("DrillsFailed"), drills.counted("ProvenRtoMs")]).toEqual([[0], [of.clock.wallMs() - step.startedAtMs]]);
    expect(of.jobs.scratched).toEqual(["boot-scratch drill-of-today", "end-scratch drill-of-today"]);
  });

  test("of another chain, genesis or history fails by that check's name, which its end and its event tell", async () => {
    for (const [other, check] of [
      [{ chainId: 5 }, "chain id: 5 where 31337 belongs"],
      [{ hashes: { 0: WRONG } }, `genesis: ${WRONG} where`],
      [{ hashes: { 6: WRONG } }, `hash at the backup's final block 6, by the manifest: ${WRONG} where`],
    ] as const) {
      of = await drills.again();
      const step = await drills.booted(6);
      of.boot(() => 6, other);
      const sentence = await failing(step);
      expect(sentence).toContain(`the drill of n1.directory failed: JobRefused: n3: OtherNetwork: ${check}`);
      expect(await drills.record()).toMatchObject({ status: "failed", sentence, figures: null });
      expect((await drills.record())?.checks.some(({ held }) => !held)).toBe(true);
      expect(ofBackups(of.bus.published)).toMatchObject([{ name: "backup.drill-failed", detail: { drill: "drill-of-today", reason: sentence } }]);
      expect([drills.counted("DrillsFailed"), drills.counted("ProvenRtoMs")]).toEqual([[1], []]);
    }
  });

  test("is neither failed nor hurried by one node that lies about heads, hashes or its chain", async () => {
    const step = await drills.booted(6);
    of.boot(() => 8);
    of.lie(
      "n2",
      of.lieOf("eth_chainId", () => "0x5"),
    );
    expect(await drills.verify(step)).toMatchObject({ decision: "caught-up" });
    of.lie(
      "n2",
      of.lieOf("eth_getBlockByNumber", (block: object, { params }) =>
        params[0] === "latest" ? { ...block, number: "0xffff" } : { ...block, hash: WRONG },
      ),
    );
    expect(await drills.verify(step)).toMatchObject({ decision: "caught-up" });
    of.boot(() => 7);
    expect(await drills.verify(step, 35_000)).toMatchObject({ decision: "unfinished", reason: "it is 3 blocks behind the network" });
  });

  test("that does not catch up in time, or cannot be judged, fails with how far it came", async () => {
    const step = await drills.booted(6);
    of.boot(() => 6);
    expect(await failing(step)).toContain("NotCaughtUp: it is 4 blocks behind the network");
    of = await drills.again();
    const second = await drills.booted(6);
    of.boot(() => 8);
    for (const id of ["n1", "n2"]) of.lie(id, (question) => ({ id: question.id, error: { code: -32_000, message: "busy" } }));
    expect(await failing(second)).toContain("NotCaughtUp: 2 of 4 nodes answer, 3 are needed to judge by");
    expect(of.clock.wallMs() - (second.boot?.atMs ?? 0)).toBeLessThan(62_000);
  });

  test("whose hook fails is not verified, and one that is not taken down is said to be left", async () => {
    await of.backUp("n1");
    const step = await drills.choose();
    of.jobs.hookFault = "the boot hook ended with 1";
    await expect(bootNode(of.world, step)).rejects.toMatchObject({
      name: "JobFailed",
      message: expect.stringContaining("the boot hook ended with 1"),
    });
    const left = { tearDownError: { Error: "JobFailed", Cause: "the end hook ended with 1" } };
    const whole = {
      restore: { ms: 1, bytes: 1, folder: "/" },
      boot: { atMs: step.startedAtMs, ms: 1 },
      booted: step.networkHead,
      caughtUp: { atMs: step.startedAtMs, height: 9 },
    };
    expect((await closeDrill(of.world, { ...step, ...whole, ...left })).reason).toContain(
      "its scratch node was NOT taken down: JobFailed: the end hook",
    );
  });
});
