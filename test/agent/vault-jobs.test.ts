/** An agent's vault jobs with their real process, over an emulator's S3 and KMS and a real node: one at a time, and nothing is done twice. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newBoxKey } from "../../adapters/sealed-box.ts";
import { listSequences, newestManifest } from "../../adapters/vault/manifests.ts";
import { Hash } from "../../core/kernel/ids.ts";
import { must } from "../support/agent-rig.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { SOURCE, useVaultJobs } from "../support/use-vault-jobs.ts";
import { backupWork, jobNamed, jobProcesses, jobsOf, jobsRig, linesOf, SOON } from "../support/vault-jobs-rig.ts";

const world = useVaultJobs();

describe("a vault job", () => {
  test("backs the directory up under the agent's own signature, and restores it bit for bit into a folder of its own", async () => {
    const agent = await world.started();
    const { jobs, bucket } = agent;
    agent.fill(3);
    await jobs.begin(jobNamed("backup"), backupWork());
    const { result, state } = await jobs.ended();
    expect({ state, result }).toMatchObject({
      state: "done",
      result: { source: SOURCE, sequence: 1, height: 0, files: 4, skippedCount: 0, faults: [] },
    });
    const stored = await newestManifest(bucket, SOURCE, world.vault().keyring.vault, (writer) => (writer === "n1" ? [agent.agentKey] : []));
    expect(stored?.manifest).toMatchObject({ node: "n1", consistency: "hook", chain: { chainId: 31_337, height: 0, client: "anvil" } });
    expect(linesOf(agent.hooks)).toEqual([agent.told("before"), agent.told("after")]);

    const drill = jobNamed("drill");
    expect(await jobs.scratch("boot-scratch", drill)).toMatchObject({
      kind: "refused",
      reason: "job-of-drill has restored nothing here that could be booted",
    });
    expect(await jobs.scratch("boot-scratch", jobNamed("backup"))).toMatchObject({ kind: "refused", code: "job-refused" });
    await jobs.begin(drill, agent.restoreWork(1));
    const folder = join(agent.scratch, drill);
    expect((await jobs.ended()).result).toMatchObject({ kind: "restore", folder, files: 4 });
    expect(compareTrees(agent.directory, folder)).toEqual([]);

    expect(must(await jobs.scratch("boot-scratch", drill)).view).toMatchObject({ state: "answering", chainId: 31_337 });
    for (let time = 1; time <= 2; time += 1) {
      must(await jobs.scratch("end-scratch", drill));
      expect(existsSync(folder)).toBe(false);
    }
    expect(linesOf(join(agent.folder, "booted"))).toEqual([agent.told("boot", folder)]);
    expect(linesOf(join(agent.folder, "ended"))).toEqual([agent.told("end", folder), agent.told("end", folder)]);
  });

  test("is named by the block that the network calls final, and is refused where the node has another, or has not reached it", async () => {
    const { jobs, bucket, hooks } = await world.started();
    const wrong = Hash.parse(`0x${"11".repeat(32)}`);
    await jobs.begin(jobNamed("without"), backupWork());
    const { result } = await jobs.ended();
    const blockHash = Hash.parse(result?.kind === "backup" ? result.blockHash : null);
    const stored = linesOf(hooks);
    for (const { height, hash, fault } of [
      { height: 0, hash: wrong, fault: { name: "NodeForked", transient: false } },
      { height: 5, hash: blockHash, fault: { name: "NodeSilent", transient: true } },
    ]) {
      await jobs.begin(jobNamed(`height-${height}`), backupWork({ network: { height, blockHash: hash } }));
      expect(await jobs.ended()).toMatchObject({ state: "failed", fault });
    }
    expect(linesOf(hooks)).toEqual(stored);
    expect(await listSequences(bucket, SOURCE)).toEqual([1]);
    await jobs.begin(jobNamed("agreeing"), backupWork({ network: { height: 0, blockHash: blockHash } }));
    expect(await jobs.ended()).toMatchObject({ state: "done", result: { sequence: 2, height: 0, blockHash } });
  });

  test("starts nothing when it is ordered again, be it under way or done, and is the only one meanwhile", async () => {
    const agent = await world.started({ pipe: true });
    const { jobs, bucket } = agent;
    const [job, other] = [jobNamed("first"), jobNamed("second")];
    await jobs.begin(job, backupWork());
    await expect.poll(() => linesOf(agent.hooks), SOON).toHaveLength(1);
    const [process] = jobProcesses();
    expect(must(await jobs.order(job, backupWork())).view).toMatchObject({ job, state: "running" });
    expect(await jobs.order(other, backupWork())).toMatchObject({ kind: "refused", code: "job-refused", reason: "job-of-first is under way" });
    expect(jobProcesses()).toEqual([process]);
    agent.letStandStill();
    expect(await jobs.ended()).toMatchObject({ job, state: "done" });
    expect(must(await jobs.order(job, backupWork())).view).toMatchObject({ job, state: "done" });
    expect(jobProcesses()).toEqual([]);
    expect(await listSequences(bucket, SOURCE)).toEqual([1]);
    expect(linesOf(agent.hooks)).toEqual([agent.told("before"), agent.told("after")]);
  });

  test("is refused with access that was sealed to another boot, to nobody, or for what this host does not do", async () => {
    const agent = await world.started();
    const { jobs } = agent;
    const { boxKey } = await jobs.look();
    const [before] = [jobs.sealedFor(boxKey)];
    for (const access of [jobs.sealedFor(newBoxKey().publicKey), { ...before, sealed: before.sealed.slice(0, 40) }])
      expect(await jobs.order(jobNamed("sealed"), backupWork(), access)).toMatchObject({
        kind: "refused",
        reason: expect.stringContaining("another key"),
      });
    const bare = await jobsRig(world.node().url, () => ({}));
    await bare.start();
    const bareJobs = jobsOf(bare, world.place());
    expect(await bareJobs.order(jobNamed("sealed"), backupWork(), before)).toMatchObject({ reason: expect.stringContaining("another key") });
    for (const [work, lacks] of [
      [backupWork(), "vault.directory"],
      [agent.restoreWork(1), "vault.scratch"],
    ] as const)
      expect(await bareJobs.order(jobNamed("bare"), work)).toMatchObject({ kind: "refused", reason: expect.stringContaining(lacks) });
    expect(await bareJobs.look()).toMatchObject({ state: "none", job: null });
    await bare.end();
  });
});
