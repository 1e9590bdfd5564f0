/**
 * How two directories differ, in sentences: names, kinds, bytes, permissions, owners, times, targets of symbolic links, which
 * names are one file, and whether holes stayed holes. An empty answer means that a restore is as its source was. It shares no
 * code with what it checks.
 */
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

export type CompareOptions = {
  /** Of so many differences the first are told. */
  readonly max?: number;
  /** Node sets times in doubles of seconds, 238 ns apart today and 477 ns in some years. */
  readonly mtimeToleranceNs?: bigint;
  readonly owners?: boolean;
};

type Found = { readonly path: string; readonly at: Buffer; readonly stats: BigIntStats };

/** What a file system may allocate more for the same holes: its own blocks that list the others. */
const BLOCKS_SLACK_BYTES = 64n * 1024n;

export function compareTrees(one: string, other: string, options: CompareOptions = {}): string[] {
  const [left, right] = [everythingIn(one), everythingIn(other)];
  const groups = [linkGroups(left), linkGroups(right)] as const;
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort();
  const differences = paths.flatMap((path) => {
    const [before, after] = [left.get(path), right.get(path)];
    if (!before || !after) return [`${show(path)} is only in ${before ? one : other}`];
    const told = differencesOf(before, after, options);
    if (groups[0].get(path) !== groups[1].get(path)) told.push(`is one file with ${groups[0].get(path)} | ${groups[1].get(path)}`);
    return told.map((difference) => `${show(path)} ${difference}`);
  });
  return differences.slice(0, options.max ?? 20);
}

function differencesOf(before: Found, after: Found, { mtimeToleranceNs = 500n, owners = true }: CompareOptions): string[] {
  const [left, right] = [before.stats, after.stats];
  if (kindOf(left) !== kindOf(right)) return [`is a ${kindOf(left)} | ${kindOf(right)}`];
  const told: string[] = [];
  const compare = (what: string, one: unknown, other: unknown): void => {
    if (one !== other) told.push(`has ${what} ${one} | ${other}`);
  };
  compare("mode", (left.mode & 0o7777n).toString(8), (right.mode & 0o7777n).toString(8));
  if (owners) compare("owner", `${left.uid}:${left.gid}`, `${right.uid}:${right.gid}`);
  if (apart(left.mtimeNs, right.mtimeNs) > mtimeToleranceNs) compare("mtime", left.mtimeNs, right.mtimeNs);
  if (left.isSymbolicLink()) compare("target", targetOf(before), targetOf(after));
  if (!left.isFile()) return told;
  compare("length", left.size, right.size);
  const [bytes, others] = [readFileSync(before.at), readFileSync(after.at)];
  if (!bytes.equals(others)) told.push(`has other bytes from ${bytes.findIndex((byte, index) => byte !== others[index])} on`);
  if (right.blocks * 512n > left.blocks * 512n + BLOCKS_SLACK_BYTES) told.push(`has lost holes: ${left.blocks} | ${right.blocks} blocks`);
  return told;
}

/** By path, in latin1; "" is the root itself. */
function everythingIn(root: string): Map<string, Found> {
  const found = new Map<string, Found>();
  const visit = (path: string, at: Buffer): void => {
    const stats = lstatSync(at, { bigint: true });
    found.set(path, { path, at, stats });
    if (!stats.isDirectory()) return;
    for (const name of readdirSync(at, { encoding: "buffer" })) {
      const child = name.toString("latin1");
      visit(path === "" ? child : `${path}/${child}`, Buffer.concat([at, Buffer.from("/"), name]));
    }
  };
  visit("", Buffer.from(root));
  return found;
}

/** For each file with several names in the tree, all of them. */
function linkGroups(tree: Map<string, Found>): Map<string, string> {
  const files = [...tree.values()].filter(({ stats }) => stats.isFile());
  const byInode = Map.groupBy(files, ({ stats }) => stats.ino);
  return new Map(
    files.map(({ path, stats }) => {
      const names = (byInode.get(stats.ino) ?? []).map((file) => file.path).sort();
      return [path, names.map(show).join(" ")];
    }),
  );
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  return stats.isSymbolicLink() ? "symbolic link" : "something else";
}

const targetOf = ({ at }: Found): string => readlinkSync(at, { encoding: "buffer" }).toString("latin1");
const show = (path: string): string => JSON.stringify(path);

const apart = (one: bigint, other: bigint): bigint => (one > other ? one - other : other - one);
