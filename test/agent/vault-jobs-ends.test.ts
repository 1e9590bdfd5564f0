/** However a vault job ends, cancelled, killed, or for a role that came: it has one end, the directory is let go, and the next run goes on. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listSequences } from "../../adapters/vault/manifests.ts";
import { must } from "../support/agent-rig.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { SOURCE, useVaultJobs } from "../support/use-vault-jobs.ts";
import { backupWork, jobNamed, jobProcesses, linesOf, SOON } from "../support/vault-jobs-rig.ts";

const world = useVaultJobs();
const isPack = (method: string, url: string): boolean => method === "PUT" && url.includes("/packs/");

describe("a vault job", () => {
  test("that is cancelled ends as cancelled, the directory is let go, and the next one finds it free", async () => {
    const agent = await world.started();
    const { jobs, bucket } = agent;
    agent.fill();
    world.door().hold(isPack);
    await jobs.begin(jobNamed("cancelled"), backupWork());
    await expect.poll(world.door().kept, SOON).toBeGreaterThan(0);
    must(await jobs.cancel(jobNamed("another")));
    expect(agent.world.lines).not.toContainEqual(expect.objectContaining({ kind: "job-cancelled" }));
    must(await jobs.cancel(jobNamed("cancelled")));
    world.door().open();
    expect(await jobs.ended()).toMatchObject({ state: "cancelled", result: null });
    await expect.poll(() => linesOf(agent.hooks), SOON).toEqual([agent.told("before"), agent.told("after")]);
    expect(await listSequences(bucket, SOURCE)).toEqual([]);
    await jobs.begin(jobNamed("next"), backupWork());
    expect(await jobs.ended()).toMatchObject({ state: "done", job: jobNamed("next") });
  });

  test("whose process is killed is lost for a passing reason, and the next run completes what it began", async () => {
    const agent = await world.started();
    const { jobs } = agent;
    agent.fill();
    let packs = 0;
    world.door().hold((method, url) => isPack(method, url) && ++packs > 1);
    await jobs.begin(jobNamed("killed"), backupWork());
    await expect.poll(world.door().kept, SOON).toBeGreaterThan(0);
    const [child = 0] = jobProcesses();
    process.kill(child, "SIGKILL");
    const lost = await jobs.ended();
    expect(lost).toMatchObject({ state: "failed", fault: { name: "JobLost", transient: true, sentence: expect.stringContaining("SIGKILL") } });
    world.door().open();
    await expect.poll(() => linesOf(agent.hooks), SOON).toEqual([agent.told("before"), agent.told("after")]);
    await jobs.begin(jobNamed("killed"), backupWork());
    expect(await jobs.ended()).toMatchObject({ state: "done", result: { sequence: 1 } });
    await jobs.begin(jobNamed("restored"), agent.restoreWork(1));
    expect(await jobs.ended()).toMatchObject({ state: "done" });
    expect(compareTrees(agent.directory, join(agent.scratch, jobNamed("restored")))).toEqual([]);
  });

  test("does not outlive its agent, nor a vault that was rolled back behind what is known", async () => {
    const agent = await world.started({ pipe: true });
    const { jobs } = agent;
    await jobs.begin(jobNamed("closing"), backupWork({ newestKnown: 7 }));
    await expect.poll(() => linesOf(agent.hooks), SOON).toHaveLength(1);
    agent.letStandStill();
    expect(await jobs.ended()).toMatchObject({ state: "failed", fault: { name: "VaultRolledBack", transient: false } });
    world.door().hold(isPack);
    agent.fill(1);
    await jobs.begin(jobNamed("closed"), backupWork());
    await expect.poll(() => linesOf(agent.hooks), SOON).toHaveLength(3);
    agent.letStandStill();
    await expect.poll(world.door().kept, SOON).toBeGreaterThan(0);
    await agent.end();
    expect(jobProcesses()).toEqual([]);
  });
});

describe("a node that is stopped for a backup", () => {
  test("is not stopped while it holds a role, and is let go when one comes meanwhile", async () => {
    const agent = await world.started({ kind: "stop" });
    const { jobs } = agent;
    agent.fill();
    world.door().hold(isPack);
    await jobs.begin(jobNamed("standby"), backupWork());
    await expect.poll(world.door().kept, SOON).toBeGreaterThan(0);
    expect(linesOf(agent.hooks)).toEqual([agent.told("stop")]);
    must(await agent.control.grant({ leaseMs: 120_000 }));
    await expect
      .poll(() => agent.world.lines)
      .toContainEqual(expect.objectContaining({ kind: "job-cancelled", reason: "validator has come to this node, which is stopped for a backup" }));
    world.door().open();
    expect(await jobs.ended()).toMatchObject({ state: "cancelled" });
    await expect.poll(() => linesOf(agent.hooks), SOON).toEqual([agent.told("stop"), agent.told("start")]);
    must(await agent.control.grant({ leaseMs: 120_000 }));
    await jobs.begin(jobNamed("holder"), backupWork());
    expect(await jobs.ended()).toMatchObject({ state: "failed", fault: { name: "RoleHeld", transient: true } });
    expect(linesOf(agent.hooks)).toEqual([agent.told("stop"), agent.told("start")]);
  });
});

describe("what went wrong once", () => {
  test("an agent whose store took no note of a standstill ended with its job, and signed no more", async () => {
    const agent = await world.started();
    const { jobs } = agent;
    mkdirSync(join(agent.store, "standing-still"));
    await jobs.begin(jobNamed("unnoted"), backupWork());
    expect(await jobs.ended()).toMatchObject({ state: "failed", fault: { name: "StandstillFailed", transient: true } });
    expect(linesOf(agent.hooks)).toEqual([]);
    rmSync(join(agent.store, "standing-still"), { recursive: true });
    await jobs.begin(jobNamed("noted"), backupWork());
    expect(await jobs.ended()).toMatchObject({ state: "done" });
  });

  test("a scratch folder came back after its end, since the restore into it was still under way", async () => {
    const agent = await world.started();
    const { jobs } = agent;
    agent.fill(3);
    await jobs.begin(jobNamed("backup"), backupWork());
    await jobs.ended();
    world.door().hold((method, url) => method === "GET" && url.includes("/packs/"));
    const drill = jobNamed("drill");
    await jobs.begin(drill, agent.restoreWork(1));
    await expect.poll(world.door().kept, SOON).toBeGreaterThan(0);
    const ending = jobs.scratch("end-scratch", drill);
    await expect.poll(() => agent.world.lines, SOON).toContainEqual(expect.objectContaining({ kind: "job-cancelled", job: drill }));
    world.door().open();
    must(await ending);
    expect(await jobs.look()).toMatchObject({ state: "cancelled" });
    expect([existsSync(agent.scratch) ? readdirSync(agent.scratch) : [], jobProcesses()]).toEqual([[], []]);
  });
});
