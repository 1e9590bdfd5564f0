/** Backups that are made under load, interrupted, swept beside and drilled, on real nodes and real buckets. */
import type { Drill } from "../../core/kernel/backup-source.ts";
import { regionLost, replicationStalled, vaultCorrupted } from "./backup-losses.ts";
import { ha, invoke } from "./backup-stage.ts";
import { backUp, expectRestored, NODE, SOURCE, untilCopied } from "./backup-steps.ts";
import type { Story } from "./story.ts";

export const backupUnderLoad: Story = {
  name: "backup-under-load",
  about: "three backups in a row while the network carries transactions: no slot is lost",
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
    stage.expect("no slot was lost to the backups", missed <= 1, `${missed} of ${after.slot - before.slot}`);
    await expectRestored(stage, NODE);
  },
};

export const backupKilledAtEveryStep: Story = {
  name: "backup-killed-at-every-step",
  about: "the agent is killed, the workflow is stopped, S3 is cut off, in turn: the next run completes and restores bit for bit",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const hurts: readonly { readonly name: string; readonly hurt: () => Promise<unknown> }[] = [
      { name: "the agent is killed", hurt: () => stage.fault("kill-agent", NODE) },
      { name: "the workflow is stopped", hurt: () => stage.stopBackup(SOURCE) },
      { name: "the Region's functions are cut off", hurt: () => stage.fault("region-down", stage.home) },
    ];
    for (const { name, hurt } of hurts) {
      const asked = await ha(stage.rehearsal, "backup", "now", NODE, "--full", "--no-wait");
      stage.expect("a backup was asked for", asked.code === 0, asked.err);
      await stage.until("the run to be under way", 30_000, async () => (await stage.source(SOURCE))?.running !== null);
      await hurt();
      stage.say(`${name} while ${(await stage.source(SOURCE))?.running?.doing ?? "it had just ended"}`);
      await stage.fault("heal");
      await stage.replaceBackup(SOURCE);
      await backUp(stage);
      await expectRestored(stage, NODE);
    }
  },
};

export const sweepBesideBackup: Story = {
  name: "sweep-beside-backup",
  about: "sweeps of both Regions run beside backups: nothing that a backup names is lost",
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
    for (let run = 0; run < 3; run += 1) await backUp(stage);
    isOver = true;
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
