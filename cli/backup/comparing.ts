/** What two backups differ in, from their sealed trees alone: no content is read, since equal content has an equal Merkle root. */
import { loadCatalogue } from "../../adapters/vault/catalogue.ts";
import { StreamReader } from "../../adapters/vault/stream-reader.ts";
import { readTree } from "../../adapters/vault/tree-reader.ts";
import type { ListedEntry } from "../../core/backup/directory/listing-format.ts";
import { joinPath } from "../../core/backup/directory/paths.ts";
import type { Manifest } from "../../core/backup/vault/manifest.ts";
import type { FleetVaultAtHand } from "./open-vault.ts";

const SHOWN_MAX = 200;

export type Difference = { readonly kind: "added" | "removed" | "changed"; readonly path: string; readonly lengthBytes: number | null };
export type Compared = {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly same: number;
  readonly count: number;
  /** The first, by path. */
  readonly differences: readonly Difference[];
};
type Seen = { readonly word: string; readonly lengthBytes: number | null };

export async function compareTrees(opened: FleetVaultAtHand, older: Manifest, newer: Manifest): Promise<Compared> {
  const [before, after] = [await entriesOf(opened, older), await entriesOf(opened, newer)];
  const differences: Difference[] = [];
  let same = 0;
  for (const [path, { word, lengthBytes }] of after) {
    const was = before.get(path);
    if (was?.word === word) same += 1;
    else differences.push({ kind: was === undefined ? "added" : "changed", path, lengthBytes });
  }
  for (const [path, { lengthBytes }] of before) if (!after.has(path)) differences.push({ kind: "removed", path, lengthBytes });
  const count = (kind: Difference["kind"]): number => differences.filter((each) => each.kind === kind).length;
  return {
    added: count("added"),
    removed: count("removed"),
    changed: count("changed"),
    same,
    count: differences.length,
    differences: differences.toSorted((left, right) => (left.path < right.path ? -1 : 1)).slice(0, SHOWN_MAX),
  };
}

async function entriesOf({ places, vault }: FleetVaultAtHand, manifest: Manifest): Promise<Map<string, Seen>> {
  const stores = places.map(({ store }) => store);
  const catalogue = await loadCatalogue(stores, vault.keyring, manifest.indexes);
  const seen = new Map<string, Seen>();
  await readTree(new StreamReader({ stores, keyring: vault.keyring, catalogue }), catalogue.table, manifest, async (folder, entries) => {
    for (const entry of entries)
      seen.set(joinPath(folder, entry.name), { word: wordOf(entry), lengthBytes: entry.kind === "file" ? entry.lengthBytes : null });
  });
  return seen;
}

/** Equal for entries that a restore makes alike. A folder is as it is itself; what is in it speaks for itself. */
function wordOf(entry: ListedEntry): string {
  const attributes = "mode" in entry ? `${entry.mode} ${entry.userId} ${entry.groupId} ${entry.kind === "folder" ? "" : entry.mtimeNs}` : "";
  const content =
    entry.kind === "file"
      ? Buffer.from(entry.content.root).toString("hex")
      : entry.kind === "folder"
        ? ""
        : JSON.stringify(entry, (_, value) => (typeof value === "bigint" ? String(value) : value));
  return `${entry.kind} ${attributes} ${content}`;
}
