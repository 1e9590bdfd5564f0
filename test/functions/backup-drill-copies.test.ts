/** A drill restores the farther Region's copy, and its end is written once and told at least once. */
import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { SourceId } from "../../core/kernel/backup-source.ts";
import { BusUnavailable } from "../../core/kernel/errors.ts";
import { PublicKey, RegionName } from "../../core/kernel/ids.ts";
import type { Bus } from "../../core/kernel/ports.ts";
import { SIGNER_KEY } from "../../core/kernel/vault-signer.ts";
import { bootNode } from "../../functions/backup/drilling/booting.ts";
import { closeDrill } from "../../functions/backup/drilling/closing.ts";
import { restoreCopy } from "../../functions/backup/drilling/restoring.ts";
import { AWAY, HOME, lasting } from "../support/backup-world.ts";
import { caught, type DrillWorld, restored } from "../support/drill-world.ts";
import { BLOCKS, useDrills } from "../support/use-drills.ts";

/** A failed drill is an incident as well, which the module failover tells. */
const ofBackups = <T extends { name: string }>(published: readonly T[]): T[] => published.filter(({ name }) => name.startsWith("backup."));

const drills = useDrills();
let of: DrillWorld;
beforeEach(() => {
  of = drills.now();
});

describe("the copy of a drill", () => {
  test("is the newest that is whole in the Region that is not the host's, and it alone is restored from there", async () => {
    await of.backUp("n1", { height: 3 });
    await of.backUp("n2");
    await of.backUp("n1", { height: 5, isCopied: false });
    const step = await drills.choose();
    expect(step).toMatchObject({ drill: "drill-of-today", source: "n2.directory", sequence: 1, region: AWAY, networkHead: { height: BLOCKS } });
    expect(await drills.choose("n1.directory")).toMatchObject({ source: "n1.directory", sequence: 1, point: { height: 3 } });
    of.jobs.ends = () => ({ afterMs: 4_000, told: { state: "done", result: restored(77) } });
    expect(await restoreCopy(of.world, step, lasting(of, 100_000))).toMatchObject({ decision: "restored", restore: { ms: 4_000, bytes: 77 } });
    expect(of.vault.scopes).toEqual([{ writes: null, regions: [AWAY] }]);
    expect(of.jobs.started).toMatchObject([{ job: "drill-of-today", work: { kind: "restore", source: "n2.directory", sequence: 1 } }]);
  });

  test("is the home's where the farther Region has none or is lost, and where there is none at all the drill fails and says so", async () => {
    await expect(drills.choose()).rejects.toMatchObject({ name: "JobRefused", message: expect.stringContaining("NoCompleteCopy") });
    expect(await drills.record()).toMatchObject({
      status: "failed",
      endedAtMs: expect.any(Number),
      sentence: expect.stringContaining("no backup is complete"),
    });
    expect(ofBackups(of.bus.published)).toMatchObject([{ name: "backup.drill-failed", detail: { drill: "drill-of-today", node: "n3" } }]);
    await of.backUp("n1", { isCopied: false });
    expect(await drills.choose()).toMatchObject({ region: HOME });
    await of.backUp("n2");
    of.vault.silent.add(AWAY);
    expect(await drills.choose()).toMatchObject({
      region: HOME,
      source: "n2.directory",
      reason: expect.stringContaining(`${AWAY} was passed over: `),
    });
  });

  test("of the ledger is trusted by the control plane's own key, whose name no node has", async () => {
    await of.backUp("n1");
    const { publicKey } = generateKeyPairSync("ed25519");
    const key = publicKey.export({ format: "jwk" }).x ?? "";
    await of.registry.write(
      "vaultSigner",
      SIGNER_KEY,
      { publicKey: PublicKey.parse(key), sealed: "", region: RegionName.parse(HOME), madeAtMs: 0 },
      "absent",
    );
    of.jobs.ends = () => ({ afterMs: 1_000, told: { state: "done", result: restored() } });
    const step = { ...(await drills.choose()), source: SourceId.parse(`${of.fleet.fleet}.ledger`) };
    await restoreCopy(of.world, step, lasting(of, 100_000));
    expect(of.jobs.started).toMatchObject([{ work: { kind: "restore", source: step.source, signers: [key] } }]);
  });

  test("whose restore its agent had cancelled was waited for without an end", async () => {
    await of.backUp("n1");
    of.jobs.ends = () => ({ afterMs: 2_000, told: { state: "cancelled" } });
    await expect(restoreCopy(of.world, await drills.choose(), lasting(of, 100_000))).rejects.toMatchObject({
      name: "JobRefused",
      message: "n3: JobCancelled: it was cancelled",
    });
  });
});

describe("a drill's end", () => {
  test("was told to nobody where the bus had not taken the first word", async () => {
    await of.backUp("n1");
    const step = caught(await drills.choose(), new Error("the host is gone"));
    const publish: Bus["publish"] = async (event) => Promise.reject(new BusUnavailable({ event, cause: "no answer" }));
    await expect(closeDrill({ ...of.world, bus: { publish } }, step)).rejects.toMatchObject({ name: "BusUnavailable" });
    await closeDrill(of.world, step);
    expect(ofBackups(of.bus.published)).toMatchObject([
      { name: "backup.drill-failed", detail: { reason: expect.stringContaining("the host is gone") } },
    ]);
  });

  test("is written once: another end, or a step that comes late, finds it over", async () => {
    const step = await drills.booted(6);
    of.boot(() => 9);
    const passed = await drills.verify(step);
    expect(await closeDrill(of.world, caught(passed, new Error("the host is gone")))).toMatchObject({ decision: "failed" });
    const before = await drills.record();
    for (const late of [() => closeDrill(of.world, passed), () => drills.verify(step), () => bootNode(of.world, step)])
      await expect(late()).rejects.toMatchObject({ name: "RunStale" });
    expect(await drills.record()).toEqual(before);
    expect(ofBackups(of.bus.published)).toHaveLength(1);
  });
});
