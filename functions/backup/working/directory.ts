/** Has the agent beside a node back its directory up into the vault's home, and keeps the source's cell up to date meanwhile. */
import { openOrMakeFleetKeyring } from "../../../adapters/vault/fleet-keyring.ts";
import { verifiedIndexes } from "../../../adapters/vault/verified-indexes.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { JobView } from "../../../core/kernel/vault-job.ts";
import { sourcesOf } from "../../../core/kernel/vault-rules.ts";
import type { Invocation } from "../../lambda.ts";
import { type Driven, driveJob, type Job, vaultOf } from "../agent-job.ts";
import { signersOf } from "../signers.ts";
import { networkFinal } from "./network-final.ts";
import { type BackupStep, holdRun } from "./step.ts";

/** The cell is written at each change of what is done, and otherwise this often: people watch it. */
const WRITE_MS = 2_000;

export async function backUpDirectory(world: World, step: BackupStep, node: FleetNode, invocation: Invocation): Promise<Driven> {
  const job = await jobFor(world, step, node);
  let written: { doing: string; atMs: number } | null = null;
  const onLook = async (view: JobView): Promise<"go-on" | "cancel"> => {
    const nowMs = world.clock.monotonicMs();
    if (written !== null && written.doing === view.doing && nowMs - written.atMs < WRITE_MS) return "go-on";
    const now = view.job === step.run ? { doing: view.doing, files: view.files, bytes: view.bytes } : { doing: "asking the agent" };
    const running = await holdRun(world, step, now);
    written = { doing: view.doing, atMs: nowMs };
    return running.cancel === null ? "go-on" : "cancel";
  };
  return await driveJob(world, node, job, onLook, invocation);
}

async function jobFor(world: World, step: BackupStep, node: FleetNode): Promise<Job> {
  const running = await holdRun(world, step, { doing: "opening the vault" });
  const found = await world.registry.read("backupSource", step.source);
  const vault = await vaultOf(world);
  const [home] = vault.places;
  if (home === undefined) throw new RangeError("a fleet's vault has a home");
  const { keyring } = await openOrMakeFleetKeyring(vault, world);
  const others = sourcesOf(world.fleet).filter((source) => source !== step.source);
  const trust = await signersOf(world);
  const verified = await verifiedIndexes({ store: vault.store(home.region), keyring, trust }, others, node.id);
  const { chain } = world.fleet;
  return {
    id: step.run,
    scope: { writes: { writer: node.id, source: step.source }, regions: [home.region] },
    work: {
      kind: "backup",
      newestKnown: found.kind === "found" ? (found.value.newest?.sequence ?? 0) : 0,
      verified: [...verified],
      signers: [...trust(node.id)],
      fullReread: running.fullReread,
      finality: chain.finality,
      genesisHash: chain.genesisHash,
      network: await networkFinal(world),
      client: node.client,
    },
  };
}
