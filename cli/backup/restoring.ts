/** `ha backup restore` and `verify`: reads from the nearest Region that has each object whole, and says from which Regions it came. */

import { readManifest } from "../../adapters/vault/manifests.ts";
import { restoreDirectory } from "../../adapters/vault/restore-directory.ts";
import { verifyBackup } from "../../adapters/vault/verify-backup.ts";
import { VaultFault } from "../../core/backup/vault/faults.ts";
import type { Answer, Io, Operations } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { bytes } from "../render/bytes.ts";
import { ProgressLine } from "../render/progress-line.ts";
import { counted } from "../render/table.ts";
import { instant, span } from "../render/time.ts";
import { runDrill } from "./drilling.ts";
import { withinVault } from "./open-vault.ts";
import { backupNamed, type Moment } from "./which.ts";

/** A day: what takes longer is looked at with `ha backup list`. */
const RESTORE_MS_MAX = 86_400_000;

export async function restoreBackup(
  operations: Operations,
  io: Io,
  typed: string | undefined,
  to: string | undefined,
  at: Moment | null,
): Promise<Answer> {
  if (to !== undefined && operations.fleet?.nodes.some(({ id }) => id === to)) return await restoreOnNode(operations, io, typed, to, at);
  if (to === undefined)
    throw new CommandFailed({
      code: EXIT.usage,
      sentence: "restore needs --to: a folder that does not exist yet, or a node.",
      next: "Such as `ha backup restore n2 --to ./restored`.",
    });
  return await withinVault(operations, async ({ places, vault, labour, ...opened }) => {
    const { manifest } = await backupNamed({ places, vault, labour, ...opened }, typed, at);
    const { clock } = operations;
    const startedMs = clock.monotonicMs();
    const line = new ProgressLine(io.err, () => clock.monotonicMs());
    let done = 0;
    const given = {
      stores: places.map(({ store }) => store),
      keyring: vault.keyring,
      labour,
      signal: io.signal,
      onFile: ({ path, lengthBytes }: { path: string; lengthBytes: number }) => {
        done += lengthBytes;
        line.show(path, done, manifest.counts.sourceBytes);
      },
    };
    const restored = await restoreDirectory(given, manifest, to).finally(() => line.clear());
    const { chain, source, sequence, writtenAtMs } = manifest;
    const regions = places.map(({ region }) => region);
    const text = [
      `${to} is backup ${sequence} of ${source}, of ${instant(writtenAtMs)}${chain === null ? "" : `, final at block ${chain.height}`}: ${counted(restored.files, "file")}, ${bytes(restored.bytes)}, ${span(clock.monotonicMs() - startedMs)}, from ${regions.join(", else ")}.`,
      ...(chain === null ? [] : [`Start ${chain.client} ${chain.clientVersion} on it; its block ${chain.height} must be ${chain.blockHash}.`]),
    ].join("\n");
    return { data: { schema: 1, source, sequence, to, regions, ...restored, chain }, text };
  });
}

export async function verifyStored(operations: Operations, io: Io, typed: string | undefined): Promise<Answer> {
  return await withinVault(operations, async ({ places, vault, labour, ...opened }) => {
    const { manifest } = await backupNamed({ places, vault, labour, ...opened }, typed, null);
    const { clock } = operations;
    const line = new ProgressLine(io.err, () => clock.monotonicMs());
    const totalBytes = manifest.packs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const verified: { region: string; packs: number; plainBytes: number; tookMs: number }[] = [];
    const damaged: { region: string; name: string; sentence: string }[] = [];
    for (const { region, store } of places) {
      const startedMs = clock.monotonicMs();
      let done = 0;
      const given = { stores: [store], keyring: vault.keyring, labour, signal: io.signal };
      const onPack = ({ sizeBytes }: { sizeBytes: number }): void => {
        done += sizeBytes;
        line.show(region, done, totalBytes);
      };
      /** Each Region is opened whatever is wrong in another; its own manifest too. */
      const opening = readManifest(store, manifest.source, manifest.sequence, vault.keyring.vault, opened.trust).then(() =>
        verifyBackup({ ...given, onPack }, manifest),
      );
      const outcome = await opening
        .catch((error: unknown) => (error instanceof VaultFault ? error : Promise.reject(error)))
        .finally(() => line.clear());
      if (outcome instanceof VaultFault) damaged.push({ region, name: outcome.name, sentence: outcome.message });
      else verified.push({ region, packs: outcome.packs, plainBytes: outcome.plainBytes, tookMs: clock.monotonicMs() - startedMs });
    }
    const { source, sequence } = manifest;
    const whole = verified.map(
      ({ region, packs, plainBytes, tookMs }) =>
        `Backup ${sequence} of ${source} is whole in ${region}: ${counted(packs, "pack")}, ${bytes(plainBytes)} opened and compared with their ids, ${span(tookMs)}.`,
    );
    const text = [...whole, ...damaged.map(({ region, name, sentence }) => io.paint.red(`${region}: ${name}: ${sentence}`))].join("\n");
    const exit = damaged.length === 0 ? EXIT.ok : EXIT.failed;
    return { data: { schema: 1, source, sequence, verified, damaged }, text, exit };
  });
}

/** Onto the host of a node, by its agent: the bytes do not come through here. */
async function restoreOnNode(operations: Operations, io: Io, typed: string | undefined, node: string, at: Moment | null): Promise<Answer> {
  const { source, sequence } = await withinVault(operations, async (opened) => (await backupNamed(opened, typed, at)).manifest);
  const restored = await runDrill(operations, io, { restoreOnly: true, node, source, sequence }, RESTORE_MS_MAX);
  const isRestored = restored.status === "restored";
  return {
    data: { schema: 1, restore: restored },
    text: isRestored ? `${restored.sentence}.` : io.paint.red(restored.sentence),
    exit: isRestored ? EXIT.ok : EXIT.failed,
  };
}
