/** `ha backup list`, `show` and `diff`: what there is, one backup in full, and what two of them differ in. */
import { readProofs } from "../../adapters/vault/proofs.ts";
import { Findings, listReplica } from "../../adapters/vault/replicas.ts";
import { type Completeness, copyOf, decideCompleteness, needsOf } from "../../core/backup/geographically-distributed-backup/completeness.ts";
import { type Manifest, manifestKey } from "../../core/backup/vault/manifest.ts";
import type { Drill } from "../../core/kernel/backup-source.ts";
import { sourcesOf } from "../../core/kernel/vault-rules.ts";
import type { Answer, Io, Operations } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { bytes } from "../render/bytes.ts";
import type { Paint } from "../render/paint.ts";
import { table } from "../render/table.ts";
import { instant, span } from "../render/time.ts";
import { compareTrees } from "./comparing.ts";
import { type FleetVaultAtHand, withinVault } from "./open-vault.ts";
import { backupNamed, readFrom, sequencesOf, sourceNamed } from "./which.ts";

const LISTED_MAX = 20;
const DRILLS_MAX = 10;

export async function listBackups(operations: Operations, io: Io, typed: string | undefined): Promise<Answer> {
  const [found, cells, drills] = await Promise.all([
    withinVault(operations, (opened) => backupsIn(opened, typed)),
    operations.registry.list("backupSource", { limit: 100 }),
    operations.registry.list("drill", { limit: DRILLS_MAX, newestFirst: true }),
  ]);
  const nowMs = operations.clock.wallMs();
  const rows = found.map(({ manifest, regions, isProven }) => [
    io.paint.bold(`${manifest.source.split(".")[0]}/${manifest.sequence}`),
    manifest.source.split(".")[1] ?? "",
    `${span(nowMs - manifest.writtenAtMs)} ago`,
    manifest.chain === null ? "-" : String(manifest.chain.height),
    bytes(manifest.counts.sourceBytes),
    bytes(manifest.counts.storedBytes),
    isProven ? io.paint.green("proven") : io.paint.yellow("unproven"),
    regions.join(", ") || io.paint.red("nowhere whole"),
  ]);
  const running = cells.flatMap(({ value }) =>
    value.running === null ? [] : [`${value.source}: ${value.running.doing} (${bytes(value.running.bytes)})`],
  );
  const failed = cells.flatMap(({ value }) =>
    value.last?.outcome === "failed" ? [`${value.source}: the last run failed: ${value.last.sentence}`] : [],
  );
  const text = [
    rows.length === 0
      ? "There is no backup yet: `ha backup now` makes one."
      : table(io.paint, ["backup", "kind", "made", "final block", "size", "new", "opened", "complete in"], rows),
    ...running.map((line) => `under way  ${line}`),
    ...failed.map((line) => io.paint.red(line)),
    ...drillLines(
      io.paint,
      drills.map(({ value }) => value),
    ),
  ].join("\n");
  const backups = found.map(({ manifest, regions, isProven }) => ({ ...summaryOf(manifest), regions, isProven }));
  return { data: { schema: 1, backups, sources: cells.map(({ value }) => value), drills: drills.map(({ value }) => value) }, text };
}

function drillLines(paint: Paint, drills: readonly Drill[]): string[] {
  const [newest] = drills;
  if (newest === undefined) return ["No restore was ever drilled: `ha backup drill` proves that these can be restored."];
  const proven = drills.find(({ status }) => status === "proven");
  return [
    ...(proven === undefined ? [] : [paint.green(proven.sentence)]),
    ...(newest.status === "failed" ? [paint.red(newest.sentence)] : newest.status === "running" ? [`drill under way: ${newest.doing}`] : []),
  ];
}

type Listed = { readonly manifest: Manifest; readonly regions: readonly string[]; readonly isProven: boolean };

async function backupsIn(opened: FleetVaultAtHand, typed: string | undefined): Promise<Listed[]> {
  const sources = typed === undefined ? sourcesOf(opened.fleet) : [sourceNamed(sourcesOf(opened.fleet), typed)];
  const copies = await Promise.all(opened.places.map(completenessIn));
  const proofs = await Promise.all(opened.places.map(({ store }) => readProofs(store)));
  const listed: Listed[] = [];
  for (const source of sources) {
    for (const sequence of (await sequencesOf(opened, source)).toReversed().slice(0, LISTED_MAX)) {
      const { manifest, digest } = await readFrom(opened, source, sequence);
      const isProven = proofs.some(({ backups }) => backups.has(`${source}/${sequence}`));
      listed.push({ manifest, regions: wholeIn(copies, manifest, digest), isProven });
    }
  }
  return listed.toSorted((left, right) => right.manifest.writtenAtMs - left.manifest.writtenAtMs);
}

const wholeIn = (copies: readonly CompletenessIn[], manifest: Manifest, digest: string): string[] =>
  copies.flatMap(({ region, judge }) => (judge(manifest, digest).kind === "complete" ? [region] : []));

export async function showBackup(operations: Operations, io: Io, typed: string | undefined): Promise<Answer> {
  return await withinVault(operations, async (opened) => {
    const { manifest, digest } = await backupNamed(opened, typed, null);
    const copies = await Promise.all(opened.places.map(completenessIn));
    const { counts, chain } = manifest;
    const lines = [
      `${io.paint.bold(`backup ${manifest.sequence} of ${manifest.source}`)}, begun ${instant(manifest.startedAtMs)}, written ${instant(manifest.writtenAtMs)}`,
      `consistency   ${manifest.consistency}`,
      ...(chain === null
        ? []
        : [
            `final block   ${chain.height} ${chain.blockHash}`,
            `state root    ${chain.stateRoot ?? "not known"}`,
            `chain         ${chain.chainId}, genesis ${chain.genesisHash}`,
            `client        ${chain.client} ${chain.clientVersion}`,
          ]),
      `content       ${counts.files} files, ${counts.folders} folders, ${counts.others} others, ${counts.skipped} skipped: ${bytes(counts.sourceBytes)}`,
      `this run      ${bytes(counts.readBytes)} read, ${bytes(counts.storedBytes)} stored, ${counts.newChunks} of ${counts.chunks} chunks new`,
      `Merkle root   ${manifest.merkleRoot}`,
      `needs         ${manifest.packs.length} packs, ${manifest.indexes.length} indexes, keyring ${manifest.keyring} or newer`,
      ...copies.map(({ region, judge }) => `${region.padEnd(13)} ${judge(manifest, digest).reason}`),
    ];
    return { data: { schema: 1, ...summaryOf(manifest), manifest }, text: lines.join("\n") };
  });
}

export async function diffBackups(operations: Operations, io: Io, older: string | undefined, newer: string | undefined): Promise<Answer> {
  return await withinVault(operations, async (opened) => {
    const right = await backupNamed(opened, newer ?? older, null);
    const left = newer === undefined ? await before(opened, right.manifest) : await backupNamed(opened, older, null);
    const compared = await compareTrees(opened, left.manifest, right.manifest);
    const name = ({ source, sequence }: Manifest): string => `${source} ${sequence}`;
    const marks = { added: io.paint.green("+"), removed: io.paint.red("-"), changed: io.paint.yellow("~") };
    const lines = compared.differences.map(
      ({ kind, path, lengthBytes }) => `${marks[kind]} ${path}${lengthBytes === null ? "" : `  ${bytes(lengthBytes)}`}`,
    );
    const more = compared.count > lines.length ? [`and ${compared.count - lines.length} more (--json has the counts)`] : [];
    const head = `${name(left.manifest)} → ${name(right.manifest)}: ${compared.added} added, ${compared.removed} removed, ${compared.changed} changed, ${compared.same} the same`;
    const { differences, ...counts } = compared;
    return {
      data: { schema: 1, from: summaryOf(left.manifest), to: summaryOf(right.manifest), ...counts, differences },
      text: [head, ...lines, ...more].join("\n"),
    };
  });
}

async function before(opened: FleetVaultAtHand, { source, sequence }: Manifest) {
  const earlier = (await sequencesOf(opened, source)).filter((each) => each < sequence).at(-1);
  if (earlier === undefined)
    throw new CommandFailed({
      code: EXIT.notFound,
      sentence: `backup ${sequence} of ${source} is the oldest that there is: there is none before it to compare it with.`,
      next: "Name two backups, such as `ha backup diff n2/3 n2/5`.",
    });
  return await readFrom(opened, source, earlier);
}

type CompletenessIn = { readonly region: string; readonly judge: (manifest: Manifest, digest: string) => Completeness };

/** Whether backups are complete in one Region, from one look at what is there. */
async function completenessIn(place: FleetVaultAtHand["places"][number]): Promise<CompletenessIn> {
  const copy = (await listReplica(place, new Findings())) ?? copyOf([]);
  return {
    region: place.region,
    judge: (manifest, digest) => {
      const sizeBytes = copy.objects.get(manifestKey(manifest.source, manifest.sequence))?.sizeBytes ?? 0;
      return decideCompleteness(needsOf(manifest, { sizeBytes, digest }), copy);
    },
  };
}

/** A backup's own fields, for programs. */
const summaryOf = ({ source, sequence, startedAtMs, writtenAtMs, consistency, chain, counts, merkleRoot }: Manifest) => ({
  source,
  sequence,
  startedAtMs,
  writtenAtMs,
  consistency,
  chain,
  counts,
  merkleRoot,
});
