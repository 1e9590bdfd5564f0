/**
 * Directories as nobody would make them and some node does: names that are no text, files of holes, several names for one
 * file, links to nowhere and to themselves, permissions and times of all kinds.
 */
import { chmodSync, closeSync, ftruncateSync, lchownSync, linkSync, lutimesSync, mkdirSync, openSync, symlinkSync, writeSync } from "node:fs";
import fc from "fast-check";
import { refuseName } from "../../core/backup/directory/entry.ts";

export const isRoot = process.getuid?.() === 0;

type Attributes = { readonly mode: number; readonly owner: number; readonly mtimeUs: number | null };
/** `pieces` are bytes after gaps that are never written. */
type FileSpec = { readonly kind: "file"; readonly pieces: readonly { gap: number; bytes: Uint8Array }[]; readonly tail: number } & Attributes;
type SymlinkSpec = { readonly kind: "symlink"; readonly target: string } & Attributes;
/** Another name of some file that was made before it. */
type LinkSpec = { readonly kind: "link"; readonly pick: number };
export type FolderSpec = { readonly kind: "folder"; readonly entries: readonly { name: string; node: NodeSpec }[] } & Attributes;
export type NodeSpec = FileSpec | SymlinkSpec | LinkSpec | FolderSpec;

const ODD_NAMES = [
  " ",
  "-rf",
  "...",
  "\n",
  "a\\b",
  "\xff\xfe",
  "\xc3",
  "e\xcc\x81",
  "\xc3\xa9",
  "*",
  "~",
  "x".repeat(255),
  "\xff".repeat(255),
  "CON",
  "a",
  "A",
];
const ODD_TARGETS = ["/etc/passwd", "..", ".", "nowhere", "../../../../outside", "/", "a", "\xff\xff", "x".repeat(4000)];

const name = fc.oneof(
  fc.constantFrom(...ODD_NAMES),
  fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.string({ minLength: 1, maxLength: 4 }).map((text) => Buffer.from(text).toString("latin1")),
);
const attributes = {
  // Whoever is not root could not read back what has no permission to be read.
  mode: fc.integer({ min: 0, max: 0o7777 }).map((mode) => (isRoot ? mode : (mode & 0o777) | 0o700)),
  owner: isRoot ? fc.integer({ min: 0, max: 70_000 }) : fc.constant(process.getuid?.() ?? 0),
  mtimeUs: fc.option(
    fc.oneof(fc.integer({ min: -1_000_000_000_000_000, max: 4_000_000_000_000_000 }), fc.integer({ min: -3_000_000, max: 3_000_000 })),
  ),
};
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 20_000 })).map(([byte, length]) => new Uint8Array(length).fill(byte)),
);
const gap = fc.oneof(
  fc.constant(0),
  fc.nat({ max: 300 }).map((blocks) => blocks * 4096),
  fc.nat({ max: 3_000_000 }),
);
const file = fc.record({
  kind: fc.constant("file" as const),
  pieces: fc.array(fc.record({ gap, bytes }), { maxLength: 4 }),
  tail: gap,
  ...attributes,
});
const symlink = fc.record({ kind: fc.constant("symlink" as const), target: fc.constantFrom(...ODD_TARGETS), ...attributes });
const link = fc.record({ kind: fc.constant("link" as const), pick: fc.nat({ max: 100 }) });

export const arbitraryTree: fc.Arbitrary<FolderSpec> = fc.letrec<{ folder: FolderSpec; node: NodeSpec }>((tie) => ({
  node: fc.oneof({ depthSize: "small", withCrossShrink: true }, file, symlink, link, tie("folder")),
  folder: fc.record({
    kind: fc.constant("folder" as const),
    entries: fc
      .uniqueArray(fc.record({ name, node: tie("node") }), { maxLength: 6, selector: (entry) => entry.name })
      .map((entries) => entries.filter((entry) => refuseName(entry.name) === null)),
    ...attributes,
  }),
})).folder;

export function buildTree(root: string, spec: FolderSpec): void {
  buildFolder(Buffer.from(root), spec, []);
}

function buildFolder(at: Buffer, spec: FolderSpec, files: Buffer[]): void {
  mkdirSync(at);
  for (const { name: child, node } of spec.entries) {
    const place = Buffer.concat([at, Buffer.from("/"), Buffer.from(child, "latin1")]);
    if (node.kind === "folder") buildFolder(place, node, files);
    else if (node.kind === "file") files.push(buildFile(place, node));
    else if (node.kind === "symlink") {
      symlinkSync(Buffer.from(node.target, "latin1"), place);
      setAttributes(place, node, true);
    } else {
      const target = files[node.pick % Math.max(1, files.length)];
      if (target) linkSync(target, place);
    }
  }
  setAttributes(at, spec, false);
}

function buildFile(at: Buffer, spec: FileSpec): Buffer {
  const fd = openSync(at, "wx");
  let position = 0;
  for (const piece of spec.pieces) {
    position += piece.gap;
    if (piece.bytes.length > 0) writeSync(fd, piece.bytes, 0, piece.bytes.length, position);
    position += piece.bytes.length;
  }
  ftruncateSync(fd, position + spec.tail);
  closeSync(fd);
  setAttributes(at, spec, false);
  return at;
}

function setAttributes(at: Buffer, { mode, owner, mtimeUs }: Attributes, isSymlink: boolean): void {
  if (isRoot) lchownSync(at, owner, owner);
  if (!isSymlink) chmodSync(at, mode);
  // As text: Node takes a negative number for "now".
  if (mtimeUs !== null) lutimesSync(at, String(mtimeUs / 1e6), String(mtimeUs / 1e6));
}
