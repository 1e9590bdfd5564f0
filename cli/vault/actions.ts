/** What the vault's command line does: each action opens the vault, does one thing and answers in words and in data. */
import { backupDirectory } from "../../adapters/vault/backup-directory.ts";
import { rotateKeyring } from "../../adapters/vault/keyrings.ts";
import { listSequences, newestManifest, readManifest, type StoredManifest } from "../../adapters/vault/manifests.ts";
import { backupName, writeProof } from "../../adapters/vault/proofs.ts";
import { restoreDirectory } from "../../adapters/vault/restore-directory.ts";
import { verifyBackup } from "../../adapters/vault/verify-backup.ts";
import { SourceName, Writer } from "../../core/backup/vault/manifest.ts";
import { InputInvalid } from "../../core/kernel/errors.ts";
import type { Answer } from "../command.ts";
import { bytes } from "../render/bytes.ts";
import { counted } from "../render/table.ts";
import { instant, span } from "../render/time.ts";
import { type LocalVault, makeLocalVault, openLocalVault, PASSPHRASE_LOCK, passphraseFrom, type VaultPlace } from "./local-vault.ts";
import type { Progress } from "./progress.ts";

export type Where = VaultPlace & { readonly passphraseFile: string };

export async function initialise({ passphraseFile, ...place }: Where): Promise<Answer> {
  const { vault } = place;
  const made = await makeLocalVault(place, await passphraseFrom(passphraseFile));
  const id = made.keyring.vault.toString("hex");
  return {
    data: { schema: 1, vault: id },
    text: `${vault} is vault ${id} now.\nWithout the passphrase nobody can read it, you neither: keep a copy of ${passphraseFile} elsewhere.`,
  };
}

export async function backup(where: Where, folder: string, name: string, fullReread: boolean, progress: Progress): Promise<Answer> {
  return await within(where, async (opened) => {
    const startedMs = opened.clock.monotonicMs();
    const { manifest, skipped, faults } = await backupDirectory(
      { ...opened, onFile: ({ lengthBytes }) => progress.add(lengthBytes) },
      {
        folder,
        source: sourceOf(name),
        writer: Writer.parse(name),
        node: null,
        consistency: "files-only",
        chain: null,
        fullReread,
        newestKnown: 0,
        verified: [],
        program: "synnergy-ha vault",
      },
    );
    const { counts, sequence } = manifest;
    const lines = [
      `Backup ${sequence} of ${name}: ${counted(counts.files, "file")}, ${bytes(counts.sourceBytes)}; ${bytes(counts.readBytes)} read, ${bytes(counts.storedBytes)} stored, ${span(opened.clock.monotonicMs() - startedMs)}.`,
      ...skipped.slice(0, SHOWN_MAX).map(({ path, detail }) => `  skipped ${path}: ${detail}`),
      ...(skipped.length > SHOWN_MAX ? [`  and ${skipped.length - SHOWN_MAX} more were skipped (--json lists them)`] : []),
      ...faults.map((fault) => `  found on the way: ${fault.message}`),
      `It is stored, not proven: \`verify\` opens all of it, \`restore\` is the proof.`,
    ];
    return { data: { schema: 1, source: name, sequence, counts, skipped, faults: faults.map(({ message }) => message) }, text: lines.join("\n") };
  });
}

/** Who proves, in the vault's own record. */
export const PROVER = "vault";

/** Of a long list the first are shown. */
const SHOWN_MAX = 10;

export async function list(where: Where, name: string): Promise<Answer> {
  return await within(where, async ({ store, vault, trust }) => {
    const sequences = await listSequences(store, sourceOf(name));
    const backups: StoredManifest["manifest"][] = [];
    for (const sequence of sequences) backups.push((await readManifest(store, sourceOf(name), sequence, vault.keyring.vault, trust)).manifest);
    const lines = backups.map(
      ({ sequence, writtenAtMs, counts }) =>
        `${String(sequence).padStart(6)}  ${instant(writtenAtMs)}  ${String(counts.files).padStart(7)} files  ${bytes(counts.sourceBytes).padStart(10)}  ${bytes(counts.storedBytes).padStart(10)} new`,
    );
    return { data: { schema: 1, source: name, backups }, text: lines.length === 0 ? `There is no backup of ${name} here yet.` : lines.join("\n") };
  });
}

export async function verify(where: Where, name: string, sequence: number | undefined, progress: Progress): Promise<Answer> {
  return await within(where, async (opened) => {
    const { manifest } = await find(opened, name, sequence);
    const startedMs = opened.clock.monotonicMs();
    const given = { stores: [opened.store], keyring: opened.vault.keyring, labour: opened.labour };
    const verified = await verifyBackup({ ...given, onPack: ({ sizeBytes }) => progress.add(sizeBytes) }, manifest);
    const packs = manifest.packs.map((pack) => pack.name);
    await writeProof(opened.store, {
      format: 1,
      atMs: opened.clock.wallMs(),
      by: PROVER,
      store: opened.store.place,
      packs,
      backups: [backupName(manifest)],
    });
    const text = `Backup ${manifest.sequence} of ${name} is whole: ${counted(verified.packs, "pack")}, ${bytes(verified.plainBytes)} opened and compared with their ids, ${span(opened.clock.monotonicMs() - startedMs)}.`;
    return { data: { schema: 1, source: name, sequence: manifest.sequence, ...verified }, text };
  });
}

export async function restore(where: Where, name: string, sequence: number | undefined, target: string, progress: Progress): Promise<Answer> {
  return await within(where, async (opened) => {
    const { manifest } = await find(opened, name, sequence);
    const startedMs = opened.clock.monotonicMs();
    const given = { stores: [opened.store], keyring: opened.vault.keyring, labour: opened.labour };
    const restored = await restoreDirectory({ ...given, onFile: ({ lengthBytes }) => progress.add(lengthBytes) }, manifest, target);
    const text = `${target} is backup ${manifest.sequence} of ${name}, of ${instant(manifest.writtenAtMs)}: ${counted(restored.files, "file")}, ${bytes(restored.bytes)}, ${span(opened.clock.monotonicMs() - startedMs)}.`;
    return { data: { schema: 1, source: name, sequence: manifest.sequence, target, ...restored }, text };
  });
}

export async function rotate(where: Where, newPassphraseFile: string | undefined, newDataKey: boolean): Promise<Answer> {
  return await within(where, async ({ store, vault, clock, entropy }) => {
    const by = await passphraseFrom(newPassphraseFile ?? where.passphraseFile);
    const { number, keyring } = await rotateKeyring({ store, clock, entropy }, vault, [{ name: PASSPHRASE_LOCK, by }], newDataKey);
    const text = `Keyring ${number} opens ${where.vault} now; new data is sealed under key ${keyring.epoch}. Older keyrings stay until you remove keyring/ objects below ${number}: whoever has an old passphrase can read them until then.`;
    return { data: { schema: 1, keyring: number, epoch: keyring.epoch }, text };
  });
}

async function find({ store, vault, trust }: LocalVault, name: string, sequence: number | undefined): Promise<StoredManifest> {
  const source = sourceOf(name);
  const found =
    sequence === undefined
      ? await newestManifest(store, source, vault.keyring.vault, trust)
      : await readManifest(store, source, sequence, vault.keyring.vault, trust);
  if (found === null) throw new InputInvalid({ where: store.name, faults: [`there is no backup of ${name} in it`] });
  return found;
}

export function sourceOf(name: string): SourceName {
  const parsed = SourceName.safeParse(`${name}.directory`);
  if (parsed.success) return parsed.data;
  throw new InputInvalid({ where: "--name", faults: [`"${name}" is not 1 to 32 of a-z, 0-9 and '-', starting with a letter`] });
}

/** Opens the vault for one action. */
export async function within(where: Where, work: (opened: LocalVault) => Promise<Answer>): Promise<Answer> {
  const opened = await openLocalVault(where, await passphraseFrom(where.passphraseFile));
  try {
    return await work(opened);
  } finally {
    await opened.labour.close();
  }
}
