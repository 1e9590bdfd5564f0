/** Opens the drill's record and chooses what is restored: the newest backup that is complete in the Region farthest from the drill's host. */
import { fromAnyStore } from "../../../adapters/vault/any-store.ts";
import { newestCompleteCopy } from "../../../adapters/vault/complete-copies.ts";
import { readManifest } from "../../../adapters/vault/manifests.ts";
import { type CompleteCopy, chooseCopy, farthestFirst } from "../../../core/backup/restore-drill/choice.ts";
import { type Manifest, SourceName } from "../../../core/backup/vault/manifest.ts";
import type { Drill } from "../../../core/kernel/backup-source.ts";
import { JobRefused } from "../../../core/kernel/errors.ts";
import { RegionName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";
import { JobId } from "../../../core/kernel/vault-job.ts";
import { sourcesOf } from "../../../core/kernel/vault-rules.ts";
import { vaultOf } from "../agent-job.ts";
import { openKeyring } from "../keyring.ts";
import { signersOf } from "../signers.ts";
import { tellFailedDrill } from "./closing.ts";
import { liveNodes, networkHead } from "./live.ts";
import { type DrillInput, type DrillStep, drillNode, sayDrill } from "./step.ts";

export async function chooseDrillCopy(world: World, input: DrillInput): Promise<DrillStep> {
  const node = drillNode(world, input.restoreOnly ? input.node : undefined);
  /** EventBridge and people name executions; what names a job has neither capitals nor underscores. */
  const drill = JobId.parse(input.name.toLowerCase().replace(/[^a-z0-9-]/g, "-"));
  const startedAtMs = world.clock.wallMs();
  const directories = sourcesOf(world.fleet).filter((source) => source.endsWith(".directory"));
  const [first] = directories;
  const opened: Drill = {
    id: drill,
    source: input.source ?? first ?? `${node.id}.directory`,
    sequence: 0,
    region: null,
    node: node.id,
    by: input.by,
    startedAtMs,
    endedAtMs: null,
    status: "running",
    doing: "choosing a copy",
    files: 0,
    bytes: 0,
    checks: [],
    sentence: "",
    figures: null,
  };
  const key = `${pad(startedAtMs)}-${drill}`;
  await world.registry.write("drill", key, opened, "absent");
  try {
    return await choose(world, { input, node, drill, key, startedAtMs, directories });
  } catch (error) {
    /** Nothing else ends a drill that has not begun: its record is closed here, and the state machine ends as failed. */
    const sentence =
      `the ${input.restoreOnly ? "restore" : "drill"} of ${opened.source} failed: ${error instanceof Error ? error.message : String(error)}`.slice(
        0,
        2_000,
      );
    await sayDrill(world, { key, drill }, { status: "failed", endedAtMs: world.clock.wallMs(), sentence });
    if (!input.restoreOnly) await tellFailedDrill(world, { drill, source: opened.source, node: node.id, startedAtMs, sentence });
    throw error;
  }
}

type Given = {
  readonly input: DrillInput;
  readonly node: ReturnType<typeof drillNode>;
  readonly drill: JobId;
  readonly key: string;
  readonly startedAtMs: number;
  readonly directories: readonly string[];
};

async function choose(world: World, { input, node, drill, key, startedAtMs, directories }: Given): Promise<DrillStep> {
  if (input.source?.endsWith(".ledger") === true && !input.restoreOnly)
    throw new JobRefused({ node: node.id, fault: "NotBootable", sentence: `no node boots on ${input.source}: a drill restores a directory` });
  const vault = await vaultOf(world);
  const [home] = vault.places;
  const all = vault.places.map(({ region }) => region);
  const farthest = farthestFirst(all, { host: node.region, home: home?.region ?? "" });
  /** A restore takes the nearest and falls back, object by object; a drill proves the farthest. */
  const regions = input.restoreOnly ? farthest.toReversed() : farthest;
  const { keyring } = await openKeyring(vault, regions);
  const trust = await signersOf(world);
  const given = { stores: regions.map((region) => ({ region, store: vault.store(region) })), vault: keyring.vault, trust };
  const { found, silent } = await copiesOf(given, regions, input, directories);
  const choice = chooseCopy(found, regions, input.source ?? null);
  const reason = [choice.reason, ...silent].join("; ");
  if (choice.kind === "none") throw new JobRefused({ node: node.id, fault: "NoCompleteCopy", sentence: reason });
  const head = networkHead(await liveNodes(world, []));
  if (head === null && !input.restoreOnly)
    throw new JobRefused({ node: node.id, fault: "NetworkSilent", sentence: "no node of the network answers, so nothing can be held against it" });
  const { source, sequence, chain } = choice.copy.manifest;
  const region = RegionName.parse(choice.copy.region);
  await sayDrill(world, { key, drill }, { source, sequence, region, doing: `restoring ${source} ${sequence} from ${region}` });
  const point = chain && { chainId: chain.chainId, genesisHash: chain.genesisHash, height: chain.height, blockHash: chain.blockHash };
  return {
    fleet: input.fleet,
    drill,
    restoreOnly: input.restoreOnly,
    regions: input.restoreOnly ? regions.map((each) => RegionName.parse(each)) : [region],
    key,
    node: node.id,
    source,
    sequence,
    region,
    startedAtMs,
    networkHead: head ?? { height: 0, timestampS: 0 },
    point,
    checks: [],
    reason,
    decision: "chosen",
  };
}

type Found = CompleteCopy & { readonly manifest: Manifest };
/** `silent`: of Regions that were asked before and did not answer. */
type Copies = { readonly found: readonly Found[]; readonly silent: readonly string[] };

const foundIn = (region: string, manifest: Manifest): Found => {
  const { source, sequence, writtenAtMs } = manifest;
  return { region, source, sequence, writtenAtMs, manifest };
};

/** The very backup that was asked for, from the first Region that has it; else of the first Region that has any the newest of each source. */
async function copiesOf(
  given: Parameters<typeof newestCompleteCopy>[0],
  regions: readonly string[],
  { source, sequence }: Pick<DrillInput, "source" | "sequence">,
  directories: readonly string[],
): Promise<Copies> {
  if (source !== undefined && sequence !== undefined) {
    const stores = regions.flatMap((region) => given.stores.filter((replica) => replica.region === region));
    return await fromAnyStore(
      stores.map(({ store }) => store),
      async (store) => {
        const { manifest } = await readManifest(store, source, sequence, given.vault, given.trust);
        return { found: [foundIn(stores.find((replica) => replica.store === store)?.region ?? "", manifest)], silent: [] };
      },
    );
  }
  const silent = new Set<string>();
  for (const region of regions) {
    const found: Found[] = [];
    for (const each of source === undefined ? directories : [source]) {
      const copy = await newestCompleteCopy(given, region, SourceName.parse(each));
      if (copy.kind === "complete") found.push(foundIn(region, copy.stored.manifest));
      if (copy.kind === "unreachable") silent.add(`${region} was passed over: ${copy.reason}`);
    }
    if (found.length > 0) return { found, silent: [...silent] };
  }
  return { found: [], silent: [...silent] };
}
