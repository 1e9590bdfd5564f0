/** Backups that are made under load, interrupted, swept beside and drilled, on real nodes and real buckets. */
import type { Drill } from "../../core/kernel/backup-source.ts";
import { regionLost, replicationStalled, vaultCorrupted } from "./backup-losses.ts";
import { ha, invoke, limitFunction } from "./backup-stage.ts";
import { backUp, expectRestored, NODE, SOURCE, untilCopied } from "./backup-steps.ts";
import type { Stage, Story } from "./story.ts";

const BEGUN_MS = 30_000;
/** Four attempts of Step Functions, each later than the one before. */
const ENDED_MS = 240_000;

const backupUnderLoad: Story = {
  name: "backup-under-load",
  about: "three backups in a row while the network carries transactions: blocks never stall, at most one slot stays empty",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const stop = stage.sendTransactions();
    const before = await stage.tip();
    for (let run = 0; run < 3; run += 1) await backUp(stage);
    const after = await stage.tip();
    const sent = await stop();
    const missed = after.slot - before.slot - (after.height - before.height);
    stage.measure("slots without a block meanwhile", missed, "slots");
    stage.measure("transactions sent meanwhile", sent, "count");
    stage.expect("the network carried transactions", sent > 0, `${sent} sent`);
    stage.expect("at most one slot stayed empty beside the backups", missed <= 1, `${missed} of ${after.slot - before.slot}`);
    await expectRestored(stage, NODE);
  },
};

const backupKilledAtEveryStep: Story = {
  name: "backup-killed-at-every-step",
  about:
    "the agent is killed, Lambda ends the function, the workflow is stopped, the Region is cut off, S3's bucket goes, in turn: the next run completes and restores bit for bit",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const { rehearsal, home } = stage;
    const hurts: readonly { readonly name: string; readonly hurt: () => Promise<unknown>; readonly mend?: () => Promise<unknown> }[] = [
      { name: "the agent is killed", hurt: () => stage.fault("kill-agent", NODE) },
      { name: "the workflow is stopped", hurt: () => stage.stopBackup(SOURCE) },
      { name: "the Region's functions are cut off", hurt: () => stage.fault("region-down", home) },
      {
        name: "the bucket that it writes to goes",
        hurt: () => rehearsal.vault.lose(home),
        mend: () => invoke(rehearsal, home, "audit-replicas", { arrivingSeconds: 0 }),
      },
    ];
    await endedByLambda(stage);
    for (const { name, hurt, mend } of hurts) {
      const asked = await ha(stage.rehearsal, "backup", "now", NODE, "--full", "--no-wait");
      stage.expect("a backup was asked for", asked.code === 0, asked.err);
      const run = await untilBegun(stage);
      await hurt();
      const cell = await stage.source(SOURCE);
      const isDone = cell?.last?.run === run && cell.last.outcome === "done";
      stage.expect(`${name} before the run was done`, !isDone, cell?.running?.doing ?? cell?.last?.sentence ?? "nothing is known");
      await stage.fault("heal");
      await mend?.();
      await stage.replaceBackup(SOURCE);
      await backUp(stage);
      await expectRestored(stage, NODE);
    }
  },
};

/** Until its first function is at work; answers the run. */
async function untilBegun(stage: Stage): Promise<string> {
  return await stage.until("the run's first function to begin", BEGUN_MS, async () => {
    const running = (await stage.source(SOURCE))?.running;
    return running?.doing === "starting" ? undefined : running?.run;
  });
}

/** It waits for an agent that does not answer until its time is over. No other run is needed then: a next function goes on with this one. */
async function endedByLambda(stage: Stage): Promise<void> {
  const giveBack = await limitFunction(stage.rehearsal, stage.home, "back-up-source", 1);
  try {
    await stage.fault("cut-agent", NODE);
    await ha(stage.rehearsal, "backup", "now", NODE, "--full", "--no-wait");
    const run = await untilBegun(stage);
    await stage.until("Lambda to end its function", BEGUN_MS, async () => (await stage.failuresOfBackup(run)).includes("Sandbox.Timedout"));
    await stage.fault("heal");
    await giveBack();
    const ended = await stage.until("the same run to end", ENDED_MS, async () => {
      const cell = await stage.source(SOURCE);
      return cell?.last?.run === run ? cell.last : undefined;
    });
    stage.expect("the run that Lambda had interrupted ended with a backup", ended.outcome === "done", ended.sentence);
    await expectRestored(stage, NODE);
  } finally {
    await giveBack();
  }
}

const sweepBesideBackup: Story = {
  name: "sweep-beside-backup",
  about: "sweeps of both Regions run beside backups: neither hinders the other; a day's grace lets them remove nothing of today's",
  reorganisationBlocksMax: 2,
  async run(stage) {
    let isOver = false;
    let sweeps = 0;
    const sweeping = (async () => {
      while (!isOver) {
        for (const region of stage.regions) await invoke(stage.rehearsal, region, "sweep-vault");
        sweeps += 1;
      }
    })();
    /** Whoever waits for it below hears of a failure; until then nobody does. */
    sweeping.catch(() => undefined);
    try {
      for (let run = 0; run < 3; run += 1) await backUp(stage);
    } finally {
      isOver = true;
    }
    await sweeping;
    stage.measure("sweeps of both Regions meanwhile", sweeps, "count");
    stage.expect("there were sweeps beside the backups", sweeps > 0, String(sweeps));
    await expectRestored(stage, NODE);
  },
};

export const drill: Story = {
  name: "drill",
  about: "the newest copy in the farther Region is restored, booted, held against the network and caught up",
  reorganisationBlocksMax: 2,
  async run(stage) {
    await untilCopied(stage, await backUp(stage));
    const asked = await ha(stage.rehearsal, "backup", "drill");
    const drilled = asked.data.drill as Drill | undefined;
    stage.expect("the drill proved a restore", asked.code === 0 && drilled?.status === "proven", drilled?.sentence ?? asked.err);
    stage.expect(
      "every check held",
      drilled?.checks.every(({ held }) => held) === true && drilled.checks.length >= 4,
      `${drilled?.checks.length} checks`,
    );
    stage.expect("from the Region that is not the host's", drilled?.region !== "us-east-1", drilled?.region ?? "nowhere");
    stage.measure("proven RTO", drilled?.figures?.rtoMs ?? -1, "ms");
    stage.measure("proven RPO", (drilled?.figures?.rpoSeconds ?? -1) * 1_000, "ms");
    const nodes = await stage.processes();
    stage.expect("the scratch node is gone", !nodes.some((name) => name.startsWith("scratch-")), nodes.join(", "));
  },
};

export const BACKUP_STORIES: readonly Story[] = [
  backupUnderLoad,
  drill,
  backupKilledAtEveryStep,
  replicationStalled,
  regionLost,
  sweepBesideBackup,
  vaultCorrupted,
];
