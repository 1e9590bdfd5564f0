/** What stories of backups have in common: a backup of one node that is proven, a restore that is compared, a copy that has arrived. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestKey } from "../../core/backup/vault/manifest.ts";
import type { BackupSource } from "../../core/kernel/backup-source.ts";
import { bucketsOf, dataFolder, ha, stateDigest } from "./backup-stage.ts";
import type { Stage } from "./story.ts";

export const NODE = "n2";
export const SOURCE = `${NODE}.directory`;
const REPLICATED_MS = 30_000;

/** Asks for a backup of the node and expects it to be stored and proven; answers its number. */
export async function backUp(stage: Stage): Promise<number> {
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
export async function expectRestored(stage: Stage, what: string, ...more: readonly string[]): Promise<void> {
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

export async function untilCopied(stage: Stage, sequence: number): Promise<void> {
  const key = manifestKey(SOURCE, sequence);
  await stage.until(`${key} in every Region`, REPLICATED_MS, async () => {
    const { objects } = await stage.seeVault();
    return bucketsOf(stage.rehearsal)
      .keys()
      .every((region) => objects.get(region)?.has(key) === true);
  });
}

export const copies = (audited: Record<string, unknown>) =>
  (audited.regions ?? []) as { region: string; status: string; repaired: string[]; faults: string[]; left: number }[];
