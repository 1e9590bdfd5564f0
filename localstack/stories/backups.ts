/** Backups that are made, lost, damaged and restored, on real nodes and real buckets. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackupSource, Drill } from "../../core/kernel/backup-source.ts";
import { bucketsOf, dataFolder, ha, invoke, stateDigest } from "./backup-stage.ts";
import type { Stage, Story } from "./story.ts";

const NODE = "n2";
const SOURCE = `${NODE}.directory`;
const REPLICATED_MS = 30_000;

/** Asks for a backup of the node and expects it to be stored and proven; answers its number. */
async function backUp(stage: Stage): Promise<number> {
  const asked = await ha(stage.rehearsal, "backup", "now", NODE);
  const [cell] = (asked.data.sources ?? []) as BackupSource[];
  stage.expect(
    "a backup was stored and proven",
    asked.code === 0 && cell?.last?.outcome === "done" && cell.provenSequence === cell.newest?.sequence,
    cell?.last?.sentence ?? asked.err,
  );
  return cell?.newest?.sequence ?? 0;
}

/** Restores into a folder of its own and compares it with the directory as it lies beside the node. */
async function expectRestored(stage: Stage, what: string, ...more: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "synnergy-restored-"));
  try {
    const target = join(folder, "data");
    const restored = await ha(stage.rehearsal, "backup", "restore", what, "--to", target, ...more);
    const source = await stateDigest(dataFolder(stage.rehearsal, NODE));
    const found = restored.code === 0 ? await stateDigest(target) : `it failed: ${JSON.stringify(restored.data)} ${restored.err}`;
    stage.expect("the restore is the source, bit for bit", found === source, found);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function untilCopied(stage: Stage, sequence: number): Promise<void> {
  const key = `manifests/${SOURCE}/${String(sequence).padStart(12, "0")}.json`;
  await stage.until(`${key} in every Region`, REPLICATED_MS, async () => {
    const { objects } = await stage.seeVault();
    return bucketsOf(stage.rehearsal)
      .keys()
      .every((region) => objects.get(region)?.has(key) === true);
  });
}

const copies = (audited: Record<string, unknown>) =>
  (audited.regions ?? []) as { region: string; status: string; repaired: string[]; faults: string[]; left: number }[];

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

export const regionLost: Story = {
  name: "region-lost",
  about: "the home Region is gone with its backups: what is restored comes from the other, and the home is filled again from it",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const sequence = await backUp(stage);
    await untilCopied(stage, sequence);
    await stage.fault("region-lost", stage.home);
    await expectRestored(stage, NODE);
    await stage.fault("heal");
    const audited = copies(await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 }));
    const home = audited.find(({ region }) => region === stage.home);
    stage.expect("the home was filled again from the copy", (home?.repaired.length ?? 0) > 0 && home?.left === 0, `${home?.repaired.length} objects`);
    const again = copies(await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 }));
    stage.expect(
      "then every Region was complete",
      again.every(({ status }) => status === "complete"),
      again.map(({ region, status }) => `${region} ${status}`).join(", "),
    );
    await backUp(stage);
    await expectRestored(stage, NODE);
  },
};

export const replicationStalled: Story = {
  name: "replication-stalled",
  about: "nothing is copied any more: the audit finds what did not arrive and copies it",
  reorganisationBlocksMax: 2,
  async run(stage) {
    await stage.fault("replication-stalled");
    const sequence = await backUp(stage);
    const other = stage.regions.find((region) => region !== stage.home) ?? "";
    const late = copies(await invoke(stage.rehearsal, stage.home, "audit-replicas")).find(({ region }) => region === other);
    stage.expect("the copy was found behind", late?.status === "behind", late?.status ?? "not audited");
    const audited = copies(await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 })).find(
      ({ region }) => region === other,
    );
    stage.expect("what was missing was copied", (audited?.repaired.length ?? 0) > 0 && audited?.left === 0, `${audited?.repaired.length} objects`);
    await untilCopied(stage, sequence);
  },
};

export const vaultCorrupted: Story = {
  name: "vault-corrupted",
  about:
    "bytes flip in packs, indexes and manifests of one Region, and an old manifest is put in a new one's place: each is named, and the other Region restores",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const first = await backUp(stage);
    const sequence = await backUp(stage);
    await untilCopied(stage, sequence);
    const { manifests } = await stage.seeVault();
    const own = manifests.find(({ region, sequence: found, source }) => region === stage.home && source === SOURCE && found === sequence);
    const [pack, index] = ["packs/", "indexes/"].map((prefix) => own?.names.find(({ key }) => key.startsWith(prefix))?.key ?? "");
    const older = own?.key.replace(String(sequence).padStart(12, "0"), String(first).padStart(12, "0")) ?? "";
    /** What a disk does to one copy is not carried to the other. */
    await stage.fault("replication-stalled");
    const { vault } = stage.rehearsal;
    const hurts = [
      { name: "a pack", expected: /ObjectCorrupt/, hurt: () => vault.corrupt(stage.home, pack ?? "") },
      { name: "an index", expected: /ObjectCorrupt/, hurt: () => vault.corrupt(stage.home, index ?? "") },
      { name: "a manifest rolled back", expected: /VaultRolledBack/, hurt: () => vault.exchange(stage.home, older, own?.key ?? "") },
    ];
    for (const { name, expected, hurt } of hurts) {
      await hurt();
      const audited = copies(await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 })).find(
        ({ region }) => region === stage.home,
      );
      const asked = await ha(stage.rehearsal, "backup", "verify", `${NODE}/${sequence}`, "--region", stage.home);
      const named = JSON.stringify(asked.data);
      stage.expect(
        `${name}: the damage is named`,
        expected.test(named) || (audited?.faults.length ?? 0) > 0,
        `${named.slice(0, 160)} ${audited?.faults[0] ?? ""}`,
      );
      await expectRestored(stage, `${NODE}/${sequence}`);
    }
    await vault.lose(stage.home);
    await stage.fault("heal");
    await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 });
    await backUp(stage);
    await expectRestored(stage, NODE);
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
