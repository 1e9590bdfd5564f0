/** Backups that are lost, not copied, or damaged: what one Region has no more, another restores. */
import * as z from "zod";
import { manifestKey } from "../../core/backup/vault/manifest.ts";
import { ha, invoke } from "./backup-stage.ts";
import { backUp, copies, expectRestored, NODE, SOURCE, untilCopied } from "./backup-steps.ts";
import type { Story } from "./story.ts";

const Verified = z.object({
  verified: z.array(z.object({ region: z.string() })),
  damaged: z.array(z.object({ region: z.string(), name: z.string(), sentence: z.string() })),
});

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
    /** Backups go on meanwhile, so a Region may lack what another was given this second: only what was filled again counts. */
    const filled = new Set(home?.repaired);
    const again = copies(await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 }));
    stage.expect(
      "then no Region lacked any of it, nor anything that could not be copied",
      again.every(({ repaired, left }) => left === 0 && !repaired.some((key) => filled.has(key))),
      again.map(({ region, status, repaired }) => `${region} ${status}, ${repaired.length} objects copied`).join("; "),
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
    "bytes flip in packs, indexes and manifests of one Region, two packs change places, a manifest is rolled back: each is named, and the other Region restores",
  reorganisationBlocksMax: 2,
  async run(stage) {
    const first = await backUp(stage);
    const sequence = await backUp(stage);
    await untilCopied(stage, sequence);
    const { manifests } = await stage.seeVault();
    const own = manifests.find(({ region, sequence: found, source }) => region === stage.home && source === SOURCE && found === sequence);
    const [pack = "", index = ""] = ["packs/", "indexes/"].map((prefix) => own?.names.find(({ key }) => key.startsWith(prefix))?.key ?? "");
    const everyName = manifests.filter(({ region }) => region === stage.home).flatMap(({ names }) => names.map(({ key }) => key));
    const otherPack = everyName.find((key) => key.startsWith("packs/") && key !== pack) ?? "";
    const newer = own?.key ?? "";
    const older = manifestKey(SOURCE, first);
    /** What a disk does to one copy is not carried to the other. */
    await stage.fault("replication-stalled");
    const { vault } = stage.rehearsal;
    /** Each undoes itself when it is done again, so that the next is found alone. */
    const hurts = [
      { what: "a byte of a pack", expected: "ObjectCorrupt", hurt: () => vault.corrupt(stage.home, pack) },
      { what: "a byte of an index", expected: "ObjectCorrupt", hurt: () => vault.corrupt(stage.home, index) },
      { what: "a byte of a manifest", expected: "ObjectCorrupt", hurt: () => vault.corrupt(stage.home, newer) },
      { what: "two packs", expected: "ObjectMisplaced", hurt: () => vault.exchange(stage.home, pack, otherPack) },
      { what: "a manifest rolled back", expected: "VaultRolledBack", hurt: () => vault.exchange(stage.home, older, newer) },
    ];
    for (const { what, expected, hurt } of hurts) {
      await hurt();
      const { data } = await ha(stage.rehearsal, "backup", "verify", `${NODE}/${sequence}`, "--region", stage.home);
      const { damaged, verified } = Verified.parse(data);
      stage.expect(
        `${what}: named in this Region, and the other is whole`,
        damaged.length === 1 && damaged[0]?.region === stage.home && damaged[0].name === expected && verified.length === stage.regions.length - 1,
        damaged.map(({ region, name, sentence }) => `${region}: ${name}: ${sentence}`).join("; ") || "nothing was named",
      );
      await expectRestored(stage, `${NODE}/${sequence}`);
      await hurt();
    }
    const whole = Verified.parse((await ha(stage.rehearsal, "backup", "verify", `${NODE}/${sequence}`)).data);
    stage.expect("everything as it was is whole again", whole.damaged.length === 0, `${whole.verified.length} Regions`);
    /** What was written since nothing is copied any more is in the home alone. */
    await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 });
    await vault.lose(stage.home);
    await stage.fault("heal");
    await invoke(stage.rehearsal, stage.home, "audit-replicas", { arrivingSeconds: 0 });
    await backUp(stage);
    await expectRestored(stage, NODE);
  },
};
