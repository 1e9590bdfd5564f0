/** A restore of one backup onto this host, into a folder of its own, from the nearest Region that has each object whole. */
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { fromAnyStore } from "../../adapters/vault/any-store.ts";
import { labourOnThreads } from "../../adapters/vault/labour-threads.ts";
import { readManifest } from "../../adapters/vault/manifests.ts";
import { restoreDirectory } from "../../adapters/vault/restore-directory.ts";
import { InputInvalid } from "../../core/kernel/errors.ts";
import type { JobResult, JobWork } from "../../core/kernel/vault-job.ts";
import type { JobBeginning } from "./job-messages.ts";
import type { JobTools } from "./job-tools.ts";
import { scratchFolder } from "./vault-config.ts";

type Order = Extract<JobWork, { kind: "restore" }>;

export async function restore({ vault: config, job }: JobBeginning, order: Order, tools: JobTools): Promise<JobResult> {
  const { scratch } = config;
  if (scratch === undefined)
    throw new InputInvalid({ where: "this agent's configuration", faults: ["vault.scratch is not there: nothing is restored here"] });
  const { progress, signal, stores, vault } = tools;
  const startedMs = performance.now();
  progress.doing = "restoring";
  const { manifest } = await fromAnyStore(stores, (store) =>
    readManifest(store, order.source, order.sequence, vault.keyring.vault, () => order.signers),
  );
  await mkdir(scratch.folder, { recursive: true, mode: 0o700 });
  const folder = scratchFolder(scratch.folder, job);
  const labour = labourOnThreads(vault.keyring, config.threads ?? Math.max(1, Math.floor(availableParallelism() / 2)));
  try {
    const given = {
      stores,
      keyring: vault.keyring,
      labour,
      signal,
      onFile: ({ lengthBytes }: { lengthBytes: number }) => {
        progress.files += 1;
        progress.bytes += lengthBytes;
      },
    };
    const restored = await restoreDirectory(given, manifest, folder);
    return { kind: "restore", folder, files: restored.files, bytes: restored.bytes, tookMs: performance.now() - startedMs };
  } finally {
    await labour.close();
  }
}
