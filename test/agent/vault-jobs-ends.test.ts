/** However a vault job ends, cancelled, killed, or for a role that came: it has one end, the directory is let go, and the next run goes on. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listSequences } from "../../adapters/vault/manifests.ts";
import { must } from "../support/agent-rig.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { SOURCE, useVaultJobs } from "../support/use-vault-jobs.ts";
import { backupWork, jobNamed, jobProcesses, linesOf } from "../support/vault-jobs-rig.ts";

const world = useVaultJobs();
const isPack = (method: string, url: string): boolean => method === "PUT" && url.includes("/packs/");

describe("a vault job", () => {
  test("that is cancelled ends as cancelled, the directory is let go, and the next one finds it free", async () => {
    const agent = await world.started();
    const { jobs, bucket } = agent;
    agent.fill();
    world.door().hold(isPack);
    must(await jobs.order(jobNamed("cancelled"), backupWork()));
    await expect.poll(world.door().kept, { timeout: 20_000 }).toBeGreaterThan(0);
    must(await jobs.cancel(jobNamed("another")));
    expect(await jobs.look()).toMatchObject({ state: "running" });
    must(await jobs.cancel(jobNamed("cancelled")));
    world.door().open();
    expect(await jobs.ended()).toMatchObject({ state: "cancelled", result: null });
    await expect.poll(() => linesOf(agent.hooks)).toEqual([agent.told("before"), agent.told("after")]);
    expect(await listSequences(bucket, SOURCE)).toEqual([]);
    await expect.poll(async () => (await jobs.order(jobNamed("next"), backupWork())).kind).toBe("answered");
    expect(await jobs.ended()).toMatchObject({ state: "done", job: jobNamed("next") });
  });

  test("whose process is killed is lost for a passing reason, and the next run completes what it began", async () => {
    const agent = await world.started();
    const { jobs } = agent;
    agent.fill();
    let packs = 0;
    world.door().hold((method, url) => isPack(method, url) && ++packs > 1);
    must(await jobs.order(jobNamed("killed"), backupWork()));
    await expect.poll(world.door().kept, { timeout: 20_000 }).toBeGreaterThan(0);
    const [child = 0] = jobProcesses();
    process.kill(child, "SIGKILL");
    const lost = await jobs.ended();
    expect(lost).toMatchObject({ state: "failed", fault: { name: "JobLost", transient: true, sentence: expect.stringContaining("SIGKILL") } });
    world.door().open();
    await expect.poll(() => linesOf(agent.hooks)).toEqual([agent.told("before"), agent.told("after")]);
    await expect.poll(async () => (await jobs.order(jobNamed("killed"), backupWork())).kind).toBe("answered");
    expect(await jobs.ended()).toMatchObject({ state: "done", result: { sequence: 1 } });
    must(await jobs.order(jobNamed("restored"), agent.restoreWork(1)));
    expect(await jobs.ended()).toMatchObject({ state: "done" });
    expect(compareTrees(agent.directory, join(agent.scratch, jobNamed("restored")))).toEqual([]);
  });

  test("does not outlive its agent, nor a vault that was rolled back behind what is known", async () => {
    const agent = await world.started({ pipe: true });
    const { jobs } = agent;
    must(await jobs.order(jobNamed("closing"), backupWork({ newestKnown: 7 })));
    await expect.poll(() => linesOf(agent.hooks)).toHaveLength(1);
    agent.letStandStill();
    expect(await jobs.ended()).toMatchObject({ state: "failed", fault: { name: "VaultRolledBack", transient: false } });
    world.door().hold(isPack);
    agent.fill(1);
    must(await jobs.order(jobNamed("closed"), backupWork()));
    await expect.poll(() => linesOf(agent.hooks)).toHaveLength(3);
    agent.letStandStill();
    await expect.poll(world.door().kept, { timeout: 20_000 }).toBeGreaterThan(0);
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
    must(await jobs.order(jobNamed("standby"), backupWork()));
    await expect.poll(world.door().kept, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(linesOf(agent.hooks)).toEqual([agent.told("stop")]);
    must(await agent.control.grant());
    await expect
      .poll(() => agent.world.lines)
      .toContainEqual(expect.objectContaining({ kind: "job-cancelled", reason: "validator has come to this node, which is stopped for a backup" }));
    world.door().open();
    expect(await jobs.ended()).toMatchObject({ state: "cancelled" });
    await expect.poll(() => linesOf(agent.hooks)).toEqual([agent.told("stop"), agent.told("start")]);
    must(await agent.control.grant());
    await expect.poll(async () => (await jobs.order(jobNamed("holder"), backupWork())).kind).toBe("answered");
    expect(await jobs.ended()).toMatchObject({ state: "failed", fault: { name: "RoleHeld", transient: true } });
    expect(linesOf(agent.hooks)).toEqual([agent.told("stop"), agent.told("start")]);
  });
});

describe("what went wrong once", () => {
  test("an agent whose store took no note of a standstill ended with its job, and signed no more", async () => {
    const agent = await world.started();
    const { jobs } = agent;
    mkdirSync(join(agent.store, "standing-still"));
    must(await jobs.order(jobNamed("unnoted"), backupWork()));
    expect(await jobs.ended()).toMatchObject({ state: "failed", fault: { name: "StandstillFailed", transient: true } });
    expect(linesOf(agent.hooks)).toEqual([]);
    rmSync(join(agent.store, "standing-still"), { recursive: true });
    await expect.poll(async () => (await jobs.order(jobNamed("noted"), backupWork())).kind).toBe("answered");
    expect(await jobs.ended()).toMatchObject({ state: "done" });
  });

  test("a scratch folder came back after its end, since the restore into it was still under way", async () => {
    const agent = await world.started();
    const { jobs } = agent;
    agent.fill(3);
    must(await jobs.order(jobNamed("backup"), backupWork()));
    await jobs.ended();
    world.door().hold((method, url) => method === "GET" && url.includes("/packs/"));
    const drill = jobNamed("drill");
    await expect.poll(async () => (await jobs.order(drill, agent.restoreWork(1))).kind).toBe("answered");
    await expect.poll(world.door().kept, { timeout: 20_000 }).toBeGreaterThan(0);
    const ending = jobs.scratch("end-scratch", drill);
    await expect.poll(() => agent.world.lines).toContainEqual(expect.objectContaining({ kind: "job-cancelled", job: drill }));
    world.door().open();
    must(await ending);
    expect(await jobs.look()).toMatchObject({ state: "cancelled" });
    expect([existsSync(agent.scratch) ? readdirSync(agent.scratch) : [], jobProcesses()]).toEqual([[], []]);
  });
});
