/** Backups that are lost, not copied, or damaged: what one Region has no more, another restores. */
import { ha, invoke } from "./backup-stage.ts";
import { backUp, copies, expectRestored, NODE, SOURCE, untilCopied } from "./backup-steps.ts";
import type { Story } from "./story.ts";

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
